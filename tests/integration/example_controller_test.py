"""The controller in Python of docs/API.md, as it stands."""

import pytest
import yaml

from tests.support import configs
from tests.support.binaries import REPOSITORY
from tests.support.controlplane_mock import write_in_one_step
from tests.support.fairlead import Fairlead
from tests.support.ports import closed_port
from tests.support.processes import Process, Workbench
from tests.support.waiting import wait_until
from tests.support.wire import get


@pytest.fixture
def example(bench: Workbench):
    """Starts the controller on a snapshot, on an address or one that it can be restarted at; returns the process and where it
    listens."""

    def start(snapshot: dict, address: str = "") -> tuple[Process, str]:
        path = bench.directory / "state.yaml"
        path.write_text(yaml.safe_dump(snapshot))
        program = str(REPOSITORY / "docs/examples/controller.py")
        process = bench.start(["/usr/bin/python3", "-B", program, address or closed_port(), str(path)], "controller")
        return process, process.wait_for_line(r"^listening on (\S+)$")[1]

    return start


def test_programs_a_proxy_and_follows_its_file(bench: Workbench, example, start_origin):
    origin = start_origin("w1")
    _, address = example(configs.site(origin.server()))
    proxy = Fairlead(bench, "auto", controllers=(address,))
    wait_until(lambda: proxy.status()["revision"] == 1, "the file is served")
    with proxy.open() as wire:
        assert wire.request(get("/")).status == 200
    write_in_one_step(bench.directory / "state.yaml", yaml.safe_dump(configs.site(origin.server(weight=5))))
    wait_until(lambda: proxy.server_status("web", "w1")["weight"] == 5, "the edit is served")


def test_restarted_it_agrees_and_sends_nothing(bench: Workbench, example, start_origin):
    site = configs.site(start_origin("w1").server(), health={"unknown_is_eligible": True})
    first, address = example(site)
    proxy = Fairlead(bench, "auto", controllers=(address,))
    wait_until(lambda: proxy.status()["revision"] == 1, "the file is served")
    first.kill()
    again, _ = example(site, address)
    again.wait_for_line("serves revision 1")
    wait_until(lambda: "applied" not in again.stdout() and proxy.status()["revision"] == 1, "nothing was sent")


def test_a_state_of_an_earlier_life_is_applied_again(bench: Workbench, example, start_origin):
    origin = start_origin("w1")
    address = ""
    proxy = None
    for weight in (1, 2, 1):
        controller, address = example(configs.site(origin.server(weight=weight)), address)
        proxy = proxy or Fairlead(bench, "auto", controllers=(address,))
        wait_until(
            lambda: proxy.status()["revision"] > 0 and proxy.server_status("web", "w1")["weight"] == weight,
            f"weight {weight} is served",
        )
        controller.kill()
