"""./quickstart, from where the programs are built."""

import os
import re
import signal
import socket
import subprocess
import urllib.request

from tests.support.binaries import REPOSITORY
from tests.support.processes import Process, Workbench
from tests.support.waiting import wait_until

SHOW = ["/usr/bin/python3", "-B", str(REPOSITORY / "demo/quickstart.py")]


def children(process: Process) -> list[int]:
    found = subprocess.run(["pgrep", "-P", str(process.pid)], capture_output=True, text=True).stdout
    return [int(pid) for pid in found.split()]


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        return True
    except ProcessLookupError:
        return False


def test_everything_that_it_shows_holds(bench: Workbench):
    show = bench.start([*SHOW, "--once", "--any_ports"], "show")
    code = show.wait_exit(100)
    assert code == 0, show.stderr()
    assert re.search(r"^\d{4,} requests, failures: 0$", show.stdout(), re.MULTILINE)


def test_it_stays_until_ctrl_c_and_follows_its_file(bench: Workbench):
    show = bench.start([*SHOW, "--any_ports"], "show")
    path = show.wait_for_line(r"^  the controller's file +(\S+)$", 100)[1]
    site = re.search(r"^  the site +(\S+)$", show.stdout(), re.MULTILINE)[1]
    started = children(show)
    assert len(started) >= 7
    with urllib.request.urlopen(site) as response:
        assert response.headers["X-Origin"] in ("w1", "w2")
    with open(path, encoding="utf-8") as file:
        text = file.read()
    with open(path, "w", encoding="utf-8") as file:
        file.write(text.replace("{backend: web}", "{backend: api-v1}"))

    def reaches_a1() -> bool:
        with urllib.request.urlopen(site) as response:
            return response.headers["X-Origin"] == "a1"

    wait_until(reaches_a1, "the proxy serves what the file says")
    show.send_signal(signal.SIGINT)
    assert show.wait_exit() == 0
    assert not any(is_running(pid) for pid in started)


def test_it_says_which_address_is_busy(bench: Workbench):
    # Whether it is this test or another program that has it.
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            taken.bind(("127.0.0.1", 9005))
            taken.listen()
        except OSError:
            pass
        show = bench.start([*SHOW, "--once"], "show")
        assert show.wait_exit() == 1
    assert "in use by another program" in show.stderr()
    assert "127.0.0.1:9005" in show.stderr()
