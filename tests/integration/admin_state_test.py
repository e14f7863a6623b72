"""What an operator wants of a server: READY, DRAIN, MAINT; and what is said when nobody is left."""

import time

import pytest

from tests.support import configs
from tests.support.fairlead import Fairlead
from tests.support.origin import Origin
from tests.support.scripted_origin import ScriptedOrigin
from tests.support.waiting import wait_until
from tests.support.wire import Wire, get


@pytest.fixture
def servers(fairlead: Fairlead, start_origin) -> dict[str, Origin]:
    started = {name: start_origin(name) for name in ("w1", "w2")}
    with fairlead.connect() as control:
        control.replace(configs.site(*(origin.server() for origin in started.values())))
    return started


def set_state(fairlead: Fairlead, origin: Origin, state: str) -> None:
    with fairlead.connect() as control:
        control.apply(configs.upsert_server("web", origin.server(admin_state=state)))


def who_answers(fairlead: Fairlead, count: int = 20) -> set[str | None]:
    with fairlead.open() as wire:
        return {wire.request(get("/")).get("x-origin") for _ in range(count)}


@pytest.mark.parametrize("state", ["DRAIN", "MAINT"])
def test_takes_nothing_new(fairlead: Fairlead, servers: dict[str, Origin], state: str):
    assert who_answers(fairlead) == {"w1", "w2"}
    set_state(fairlead, servers["w2"], state)
    assert who_answers(fairlead) == {"w1"}
    status = fairlead.server_status("web", "w2")
    assert (status["admin_state"], status["eligible"]) == (state, False)
    set_state(fairlead, servers["w2"], "READY")
    assert who_answers(fairlead) == {"w1", "w2"}


def test_drain_finishes_what_it_has(fairlead: Fairlead, servers: dict[str, Origin]):
    set_state(fairlead, servers["w1"], "DRAIN")
    with fairlead.open() as wire:
        wire.send(get("/delay/300ms"))
        wait_until(lambda: servers["w2"].stats()["requests"] == 1, "w2 has the request")
        set_state(fairlead, servers["w1"], "READY")
        set_state(fairlead, servers["w2"], "DRAIN")
        response = wire.read_response()
        assert (response.status, response.body) == (200, b"late\n")


def test_maint_closes_connections_in_use(fairlead: Fairlead, servers: dict[str, Origin]):
    set_state(fairlead, servers["w1"], "DRAIN")
    with fairlead.open() as wire:
        wire.send(get("/stream/1000000000"))
        wire.take(100_000)
        set_state(fairlead, servers["w2"], "MAINT")
        # The response has begun: it can only be cut.
        while wire._fill():
            wire.buffer.clear()
    wait_until(lambda: servers["w2"].stats()["open_connections"] == 0, "no connection to w2 is left")


def test_maint_sends_what_had_no_answer_yet_elsewhere(fairlead: Fairlead, start_origin):
    other = start_origin("other")
    received = []

    def never_answer(wire: Wire) -> None:
        received.append(wire.read_request().target)
        wire.take_rest()

    with ScriptedOrigin(never_answer) as silent:
        with fairlead.connect() as control:
            silent_server = {"id": "silent", "address": silent.address}
            control.replace(configs.site(silent_server, other.server(admin_state="DRAIN")))
            with fairlead.open() as wire:
                wire.send(get("/again"))
                wait_until(lambda: received == ["/again"], "the silent server has the request")
                control.apply(
                    configs.upsert_server("web", {**silent_server, "admin_state": "MAINT"}),
                    configs.upsert_server("web", other.server()),
                )
                response = wire.read_response()
                assert (response.status, response.get("x-origin")) == (200, "other")


def test_maint_closes_idle_connections(fairlead: Fairlead, servers: dict[str, Origin]):
    assert who_answers(fairlead) == {"w1", "w2"}
    set_state(fairlead, servers["w2"], "MAINT")
    wait_until(lambda: servers["w2"].stats()["open_connections"] == 0, "no connection to w2 is left")


def test_a_removed_server_finishes_what_it_has(fairlead: Fairlead, servers: dict[str, Origin]):
    set_state(fairlead, servers["w1"], "DRAIN")
    with fairlead.open() as wire, fairlead.connect() as control:
        wire.send(get("/delay/300ms"))
        wait_until(lambda: servers["w2"].stats()["requests"] == 1, "w2 has the request")
        set_state(fairlead, servers["w1"], "READY")
        control.apply(configs.remove_server("web", "w2"))
        assert wire.read_response().body == b"late\n"
        assert wire.request(get("/")).get("x-origin") == "w1"
    wait_until(lambda: servers["w2"].stats()["open_connections"] == 0, "no connection to w2 is left")


@pytest.mark.parametrize("state", ["DRAIN", "MAINT"])
def test_nobody_left_is_503_at_once_with_a_reason(fairlead: Fairlead, servers: dict[str, Origin], state: str):
    for origin in servers.values():
        set_state(fairlead, origin, state)
    with fairlead.open() as wire:
        begin = time.monotonic()
        for _ in range(20):
            response = wire.request(get("/"))
            assert response.status == 503
            assert b"web" in response.body  # which backend had nobody
        assert time.monotonic() - begin < 10
    assert servers["w1"].stats()["requests"] + servers["w2"].stats()["requests"] == 0


def test_a_backend_without_servers_is_503(fairlead: Fairlead):
    with fairlead.connect() as control:
        control.replace(configs.site())
    with fairlead.open() as wire:
        assert wire.request(get("/")).status == 503


def test_503_does_not_wait_for_a_body(fairlead: Fairlead):
    with fairlead.connect() as control:
        control.replace(configs.site())
    with fairlead.open() as wire:
        wire.send(get("/", "Content-Length: 1000000", "Expect: 100-continue", method="PUT"))
        assert wire.read_response(informational=True).status == 503
