"""h2load (nghttp2's load client) as a process: many streams on few connections."""

import re
import subprocess
import threading


class H2Load:
    """Asks for `url` in rounds of `requests`, over and over, until stop(); `streams` at a time in all."""

    def __init__(self, url: str, *, connections: int, streams: int, requests: int = 20_000, http1: bool = False):
        self._command = ["h2load", f"-n{requests}", f"-c{connections}", f"-m{1 if http1 else streams // connections}"]
        self._command += ["--h1"] if http1 else []
        self._command.append(url)
        self._stopping = threading.Event()
        # Sums over all rounds.
        self.counts: dict[str, int] = {"done": 0, "succeeded": 0, "failed": 0, "errored": 0, "timeout": 0, "2xx": 0}
        self.outputs: list[str] = []
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._stopping.is_set():
            output = subprocess.run(self._command, capture_output=True, text=True, check=True, timeout=200).stdout
            self.outputs.append(output)
            for kind in self.counts:
                self.counts[kind] += int(re.search(rf"(\d+) {kind}\b", output)[1])

    def stop(self) -> dict[str, int]:
        """Lets the round that runs finish; returns the counts."""
        self._stopping.set()
        self._thread.join()
        return self.counts
