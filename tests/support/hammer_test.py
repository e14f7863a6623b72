"""The load client must tell the truth: it is what the promises are measured with."""

from tests.support.hammer import Hammer, assert_no_failure
from tests.support.nginx import Nginx
from tests.support.ports import closed_port
from tests.support.processes import Workbench
from tests.support.scripted_origin import ScriptedOrigin, answering
from tests.support.waiting import wait_until
from tests.support.wire import Wire

GOOD = b"HTTP/1.1 200 OK\r\nX-Origin: o\r\nContent-Length: 3\r\n\r\nabc"


def run(bench: Workbench, address: str, *flags: str, requests: int = 4) -> dict:
    return Hammer(bench, address, f"--requests={requests}", *flags).result()


def kinds(result: dict) -> dict[str, int]:
    return {kind: failure["count"] for kind, failure in result["failure_kinds"].items()}


def test_counts_good_responses_by_origin_and_status(bench: Workbench):
    with ScriptedOrigin(answering(GOOD)) as origin:
        hammer = Hammer(bench, origin.address, "--requests=100", "--connections=4")
        result = hammer.result()
        assert_no_failure(result)
        assert result["requests"] == 100
        assert result["origins"] == {"o": 100}
        assert result["statuses"] == {"200": 100}
        # A connection that comes late may find nothing left to ask.
        assert 1 <= result["connects"] == origin.connections <= 4
        exchanges = hammer.exchanges()
        assert len({exchange.tag for exchange in exchanges}) == 100
        assert all(exchange.start_ns < exchange.end_ns for exchange in exchanges)


def test_a_wrong_status_origin_or_length_is_a_failure(bench: Workbench):
    with ScriptedOrigin(answering(GOOD)) as origin:
        assert kinds(run(bench, origin.address, "--expect_status=204")) == {"status": 4}
        assert kinds(run(bench, origin.address, "--path=/", "--expect_origin=p")) == {"origin": 4}
        assert kinds(run(bench, origin.address, "--expect_bytes=4")) == {"length": 4}
        assert kinds(run(bench, origin.address, "--expect_pattern")) == {"body": 4}


def test_a_connection_cut_inside_a_response_is_a_failure(bench: Workbench):
    def cut(wire: Wire) -> None:
        wire.read_request()
        wire.send(GOOD[:-1])

    with ScriptedOrigin(cut) as origin:
        assert kinds(run(bench, origin.address)) == {"broken_connection": 4}


def test_no_answer_on_a_new_connection_is_a_failure(bench: Workbench):
    def drop(wire: Wire) -> None:
        wire.read_request()

    with ScriptedOrigin(drop) as origin:
        result = run(bench, origin.address)
        assert kinds(result) == {"broken_connection": 4}
        assert result["stale_retries"] == 0


def test_a_kept_connection_closed_before_the_answer_is_retried_once_and_counted(bench: Workbench):
    def answer_every_first(wire: Wire) -> None:
        wire.read_request()
        wire.send(GOOD)
        wire.read_request()

    with ScriptedOrigin(answer_every_first) as origin:
        result = run(bench, origin.address)
        assert_no_failure(result)
        assert result["stale_retries"] == 3
        assert kinds(run(bench, origin.address, "--method=POST")) == {"broken_connection": 2}


def test_a_close_between_responses_is_no_failure(bench: Workbench):
    def answer_one(wire: Wire) -> None:
        wire.read_request()
        wire.send(GOOD)

    with ScriptedOrigin(answer_one) as origin:
        # Slow enough for each close to be seen before the next request.
        result = run(bench, origin.address, "--rate=3")
        assert_no_failure(result)
        assert result["stale_retries"] == 0
        assert result["connects"] == 4


def test_connection_close_is_obeyed(bench: Workbench):
    with ScriptedOrigin(answering(GOOD.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))) as origin:
        result = run(bench, origin.address)
        assert_no_failure(result)
        assert result["connects"] == 4


def test_unasked_for_bytes_and_bad_heads_are_failures(bench: Workbench):
    with ScriptedOrigin(answering(GOOD + b"x")) as origin:
        assert "malformed" in kinds(run(bench, origin.address))
    with ScriptedOrigin(answering(GOOD.replace(b"Content-Length:", b"Content-Length :"))) as origin:
        assert kinds(run(bench, origin.address)) == {"malformed": 4}


def test_silence_is_a_timeout(bench: Workbench):
    with ScriptedOrigin(lambda wire: wire.take_rest() and None) as origin:
        assert kinds(run(bench, origin.address, "--timeout=50ms", requests=1)) == {"timeout": 1}


def test_nobody_there_is_a_failure_to_connect(bench: Workbench):
    assert kinds(run(bench, closed_port())) == {"connect": 4}


def test_stops_when_told_and_says_how_far_it_came(bench: Workbench):
    with ScriptedOrigin(answering(GOOD)) as origin:
        hammer = Hammer(bench, origin.address)
        hammer.wait_for_progress(10)
        result = hammer.stop()
        assert_no_failure(result)
        assert result["requests"] >= 10


def test_nginx_passes(bench: Workbench):
    nginx = Nginx(bench, 'location / { return 200 "hello\\n"; }')
    result = run(bench, nginx.address, "--expect_bytes=6", "--connections=8", requests=1000)
    assert_no_failure(result)
    wait_until(nginx.process.is_running, "nginx lives on")
