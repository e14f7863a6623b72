"""The step from HTTP/2 to HTTP/1: what is malformed there (RFC 9113 §8.1.1) reaches no server and spoils no connection,
and what is strange arrives in the one form that HTTP/1 has for it."""

import re

import pytest

from tests.support.fairlead import Fairlead
from tests.support.h2_frames import Error
from tests.support.h2_smuggling import CASES as REFUSED
from tests.support.h2_smuggling import Refused
from tests.support.h2_strange import CASES as PASSED
from tests.support.h2_strange import Passed
from tests.support.h2_wire import H2Wire, Stream, request
from tests.support.recording_origin import RecordingOrigin
from tests.support.waiting import wait_until


def normal(received: bytes) -> bytes:
    """With the names of fields in lower case."""
    head, end, body = received.partition(b"\r\n\r\n")
    line, *fields = head.split(b"\r\n")
    lowered = (re.sub(rb"^[^:]*", lambda name: name[0].lower(), field) for field in fields)
    return b"\r\n".join([line, *lowered]) + end + body


def expect_good(wire: H2Wire, recorder: RecordingOrigin, *, half_request_may_come: bool = False) -> None:
    """Another stream of the same connection goes through, with no byte before or behind it."""
    mark = recorder.mark()
    stream = wire.exchange(request("/another"))
    assert (stream.status, bytes(stream.body)) == (200, b"own answer to /another")
    came = recorder.since(mark, b"/another" if half_request_may_come else b"")
    assert normal(came) == b"GET /another HTTP/1.1\r\nhost: test\r\n\r\n"


def send(wire: H2Wire, case: Refused | Passed) -> Stream:
    stream = wire.new_stream()
    wire.send(case.frames(stream.id))
    return wire.finish(stream)


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED.keys())
def test_what_is_malformed_reaches_nobody(proxy: Fairlead, recorder: RecordingOrigin, case: Refused):
    with H2Wire.connect(proxy.listener()) as wire:
        stream = send(wire, case)
        if stream.head is None:
            assert stream.reset == Error.PROTOCOL_ERROR
        else:
            assert stream.status in case.statuses
        if not case.behind_head:
            assert recorder.received == b""
        # Half a request may be on its way still.
        expect_good(wire, recorder, half_request_may_come=case.behind_head)
        if recorder.connections > 1:
            wait_until(lambda: recorder.ended > 0, "the connection of a half request is closed")
        assert b"smuggled HTTP" not in recorder.received
        assert recorder.whole == 1


@pytest.mark.parametrize("case", PASSED.values(), ids=PASSED.keys())
def test_what_is_strange_has_one_meaning(proxy: Fairlead, recorder: RecordingOrigin, case: Passed):
    with H2Wire.connect(proxy.listener()) as wire:
        stream = send(wire, case)
        assert (stream.status, stream.reset) == (200, None)
        assert normal(recorder.received) == case.reaches
        expect_good(wire, recorder)


def test_there_are_enough_requests():
    assert len(REFUSED) >= 200
    assert len(PASSED) >= 30
