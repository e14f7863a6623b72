"""docs/examples/tcp.yaml, as it stands but for addresses that may be busy or missing here."""

import socket

import pytest

from tests.support.binaries import REPOSITORY
from tests.support.fairlead import Fairlead
from tests.support.fairleadctl import fairleadctl
from tests.support.processes import Workbench
from tests.support.scripted_origin import ScriptedOrigin, answering
from tests.support.wire import Wire, get

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
FROM_CLIENT = b"PROXY TCP4 203.0.113.9 198.51.100.2 12345 443\r\n"


def database(wire: Wire) -> None:
    """Says whom the PROXY header of version 2 names, and ends."""
    header = wire.take(16)
    assert header[:13] == b"\r\n\r\n\0\r\nQUIT\n\x21"
    rest = wire.take(int.from_bytes(header[14:], "big"))
    wire.send(socket.inet_ntop(socket.AF_INET, rest[:4]))


@pytest.fixture
def example(bench: Workbench, fairlead: Fairlead):
    """Applied, with its servers."""
    with (
        ScriptedOrigin(database) as first,
        ScriptedOrigin(answering(ANSWER), f"unix:{bench.directory}/app.sock") as app,
    ):
        text = (REPOSITORY / "docs/examples/tcp.yaml").read_text()
        for old, new in (
            ("127.0.0.1:5432", "127.0.0.1:0"),
            ('"[::1]:8081"', '"[::1]:0"'),
            ("127.0.0.1:5433", first.address),
            ("unix:/run/fairlead/local.sock", f"unix:{bench.directory}/local.sock"),
            ("unix:/run/app/1.sock", app.address),
        ):
            assert old in text
            text = text.replace(old, new)
        path = bench.directory / "tcp.yaml"
        path.write_text(text)
        outcome = fairleadctl(fairlead.control, "apply", "-f", str(path))
        assert outcome.code == 0, outcome.err
        yield fairlead
        assert not first.errors + app.errors


def test_the_database_is_told_of_its_client(example: Fairlead):
    with example.open("database") as wire:
        assert wire.take_rest() == b"127.0.0.1"


@pytest.mark.parametrize("listener", ["local", "behind-a-balancer"])
def test_requests_go_where_the_rules_say(example: Fairlead, listener: str):
    with example.open(listener) as wire:
        if listener == "behind-a-balancer":
            wire.send(FROM_CLIENT)
        moved = wire.request(get("/old", host="example.org"))
        assert (moved.status, moved.get("location")) == (308, "http://example.org/new")
        down = wire.request(get("/maintenance/x", host="www.example.org"))
        assert (down.status, down.body) == (503, b"back soon\n")
        post = wire.request(get("/posts/42", "X-Tenant: blue", host="example.org"))
        assert (post.status, post.body) == (200, b"ok")
        assert wire.request(get("/posts/42", "X-Tenant: red", host="example.org")).status == 404
        assert wire.request(get("/posts/x", "X-Tenant: blue", host="example.org")).status == 404


def test_a_balancer_must_say_for_whom_it_speaks(example: Fairlead):
    with example.open("behind-a-balancer") as wire:
        wire.send(get("/old", host="example.org"))
        assert wire.is_closed()
