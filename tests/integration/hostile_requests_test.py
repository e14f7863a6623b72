"""Requests made to be read differently by two readers (RFC 9112 §11.2): what each is answered, byte for byte, and what of
it reaches the server, byte for byte: nothing, or one reading that nobody can mistake."""

import re

import pytest

from tests.support import configs
from tests.support.fairlead import Fairlead
from tests.support.hostile_bodies import BODIES
from tests.support.hostile_case import SMUGGLED, Case, refusal
from tests.support.hostile_heads import FIELD_LINES, FRAMING, HOSTS, REQUEST_LINES, TARGETS
from tests.support.origin import Origin
from tests.support.recording_origin import RecordingOrigin
from tests.support.strange_requests import ONE_MEANING, PIPELINES
from tests.support.waiting import wait_until
from tests.support.wire import get

POST = b"POST /upload HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n"

CASES = {
    f"{group}: {name}": case
    for group, cases in {
        "request line": REQUEST_LINES,
        "target": TARGETS,
        "field": FIELD_LINES,
        "Host": HOSTS,
        "framing": FRAMING,
        "pipeline": PIPELINES,
        "one meaning": ONE_MEANING,
    }.items()
    for name, case in cases.items()
}


def without_date(received: bytes) -> bytes:
    return re.sub(rb"Date: [^\r]*\r\n", b"", received)


def expect_good(proxy: Fairlead, recorder: RecordingOrigin) -> None:
    """Another client's request goes through, with no byte before or behind it."""
    mark = recorder.mark()
    with proxy.open() as wire:
        response = wire.request(get("/another"))
        assert (response.status, response.body) == (200, b"own answer to /another")
    assert recorder.since(mark) == get("/another").encode()


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_a_hostile_request_has_one_reading_or_none(proxy: Fairlead, recorder: RecordingOrigin, case: Case):
    with proxy.open() as wire:
        wire.send(case.sends)
        assert without_date(wire.take_rest()) == case.gets
    assert recorder.received == case.reaches
    expect_good(proxy, recorder)


@pytest.mark.parametrize("reason, body", BODIES.values(), ids=BODIES.keys())
def test_a_hostile_body_with_its_head_reaches_nobody(
    proxy: Fairlead, recorder: RecordingOrigin, reason: str, body: bytes
):
    with proxy.open() as wire:
        wire.send(POST + body + SMUGGLED)
        assert without_date(wire.take_rest()) == refusal(reason, 431 if "section" in reason else 400)
    assert recorder.received == b""
    expect_good(proxy, recorder)


@pytest.mark.parametrize("reason, body", BODIES.values(), ids=BODIES.keys())
def test_a_hostile_body_behind_its_head_is_never_a_whole_one(
    proxy: Fairlead, recorder: RecordingOrigin, reason: str, body: bytes
):
    good = b"4\r\ngood\r\n"
    with proxy.open() as wire:
        wire.send(POST + good)
        wait_until(lambda: recorder.received == POST + good, "the server has what is good")
        wire.send(body + SMUGGLED)
        assert without_date(wire.take_rest()) == refusal(reason)
    wait_until(lambda: recorder.ended == 1, "the server's connection is closed")
    # Nothing of the chunk that broke the framing; of the ones before it maybe.
    assert recorder.received in (POST + good, POST + good + b"3\r\nabc\r\n")
    expect_good(proxy, recorder)


def test_there_are_enough_hostile_requests():
    assert len(CASES) + len(BODIES) >= 160


def test_other_connections_do_not_notice(fairlead: Fairlead, start_origin):
    origin: Origin = start_origin("w1")
    with fairlead.connect() as control:
        control.replace(configs.site(origin.server()))
    with fairlead.open() as good:
        for case in CASES.values():
            with fairlead.open() as wire:
                wire.send(case.sends)
                wire.take_rest()
            assert good.request(get("/")).status == 200
    assert origin.stats()["malformed"] == []


def test_a_large_head_within_the_limit_passes(fairlead: Fairlead, start_origin):
    with fairlead.connect() as control:
        control.replace(configs.site(start_origin("w1").server()))
    with fairlead.open() as wire:
        response = wire.request(get("/headers", "X-Large: " + "a" * 30_000, *(f"X-{n}: b" for n in range(90))))
        assert response.status == 200
        assert b"a" * 30_000 in response.body
