"""Prometheus, as Debian ships it: scrapes one proxy and answers queries."""

import http.client
import json
import subprocess
import urllib.parse
from typing import Any

from tests.support.ports import closed_port
from tests.support.processes import Workbench
from tests.support.waiting import wait_until

_CONFIGURATION = """
global: {{ scrape_interval: 500ms, scrape_timeout: 500ms }}
scrape_configs:
  - job_name: fairlead
    static_configs: [ {{ targets: [ "{target}" ] }} ]
"""


class Prometheus:
    """A server with its data in the workbench's directory, which has found `target` up."""

    def __init__(self, bench: Workbench, target: str):
        self.address = closed_port()
        configuration = bench.directory / "prometheus.yml"
        configuration.write_text(_CONFIGURATION.format(target=target))
        bench.start(
            [
                "/usr/bin/prometheus",
                f"--config.file={configuration}",
                f"--storage.tsdb.path={bench.directory}/prometheus",
                f"--web.listen-address={self.address}",
                "--log.level=warn",
            ],
            "prometheus",
        )
        wait_until(self._is_ready, "prometheus answers")
        wait_until(lambda: self.query("up") == 1, lambda: f"the target is up: {self.target()}")

    def _get(self, path: str) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection(self.address, timeout=20)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def _is_ready(self) -> bool:
        try:
            return self._get("/-/ready")[0] == 200
        except ConnectionRefusedError:
            return False

    def _ask(self, path: str, **parameters: str) -> Any:
        status, body = self._get(f"/api/v1/{path}?{urllib.parse.urlencode(parameters)}")
        answer = json.loads(body)
        assert status == 200 and answer["status"] == "success", answer
        return answer["data"]

    def target(self) -> dict[str, Any]:
        """What it thinks of the proxy."""
        (target,) = self._ask("targets")["activeTargets"] or [{"health": "unknown"}]
        return target

    def query(self, expression: str) -> float | None:
        """The only value that the expression has now; None where it has none."""
        result = self._ask("query", query=expression)["result"]
        assert len(result) <= 1, result
        return float(result[0]["value"][1]) if result else None


def check(page: str) -> str:
    """What `promtool check metrics` has to say about a page: nothing, when all is well."""
    ran = subprocess.run(["/usr/bin/promtool", "check", "metrics"], input=page, capture_output=True, text=True, timeout=60)
    return ran.stdout + ran.stderr + (f"exit code {ran.returncode}" if ran.returncode else "")
