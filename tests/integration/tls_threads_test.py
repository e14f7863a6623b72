"""Handshakes by threads of their own (--tls_threads): many at once, beside requests, and through a shutdown."""

import concurrent.futures
import signal
import ssl

import pytest

from tests.support import configs
from tests.support.certificates import Authority
from tests.support.fairlead import Fairlead
from tests.support.origin import Origin
from tests.support.processes import Workbench
from tests.support.wire import Wire, get


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture(scope="module")
def identity(authority: Authority):
    return authority.leaf("www.example.org", kind="rsa2048")


def start(bench: Workbench, io: str, origin: Origin, identity, threads: int) -> Fairlead:
    fairlead = Fairlead(bench, io, workers=2, flags=(f"--tls_threads={threads}",))
    snapshot = configs.site(origin.server())
    snapshot["listeners"][0]["tls"] = {"certificates": ["c"]}
    snapshot["certificates"] = [identity.resource("c")]
    with fairlead.connect() as control:
        control.replace(snapshot)
    return fairlead


def secure(fairlead: Fairlead, context: ssl.SSLContext) -> Wire:
    return Wire(context.wrap_socket(Wire.connect(fairlead.listener()).socket, server_hostname="www.example.org"))


@pytest.mark.parametrize("threads", [0, 1, 3])
def test_a_storm_of_handshakes_disturbs_no_standing_connection(
    bench: Workbench, io: str, start_origin, authority: Authority, identity, threads: int
):
    origin = start_origin("w1")
    fairlead = start(bench, io, origin, identity, threads)
    context = authority.client_context()
    with secure(fairlead, context) as standing, concurrent.futures.ThreadPoolExecutor(8) as clients:

        def handshake_and_ask() -> int:
            with secure(fairlead, context) as wire:
                return wire.request(get("/")).status

        storm = [clients.submit(handshake_and_ask) for _ in range(200)]
        while not all(one.done() for one in storm):
            assert standing.request(get("/")).status == 200
        assert [one.result() for one in storm] == [200] * 200
    metrics = fairlead.metrics()
    assert sum(value for name, value in metrics.items() if "tls_handshakes_total" in name) == 201


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_what_clients_send_right_behind_their_handshake_is_served(
    bench: Workbench, io: str, start_origin, authority: Authority, identity, version: ssl.TLSVersion
):
    fairlead = start(bench, io, start_origin("w1"), identity, 1)
    context = authority.client_context()
    context.maximum_version = version
    for _ in range(20):
        with secure(fairlead, context) as wire:
            wire.send(get("/") * 3)
            assert [wire.read_response().status for _ in range(3)] == [200] * 3


def test_a_shutdown_ends_handshakes_that_are_under_way(
    bench: Workbench, io: str, start_origin, authority: Authority, identity
):
    fairlead = start(bench, io, start_origin("w1"), identity, 1)
    context = authority.client_context()

    def handshake() -> None:
        try:
            secure(fairlead, context).close()
        except OSError:
            pass  # it was cut, or came too late

    # With requests to be served meanwhile, threads do the handshakes.
    with secure(fairlead, context) as standing, concurrent.futures.ThreadPoolExecutor(8) as clients:
        assert standing.request(get("/")).status == 200
        storm = [clients.submit(handshake) for _ in range(100)]
        fairlead.process.send_signal(signal.SIGTERM)
        fairlead.process.send_signal(signal.SIGTERM)
        assert fairlead.process.wait_exit() in (0, -signal.SIGTERM)
        for one in storm:
            one.result()
