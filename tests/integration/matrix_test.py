"""Every client protocol with every server protocol: bodies of all shapes, trailers, and who breaks off where, against one
model of what must arrive on both sides (tests/support/exchange_model.py)."""

from collections.abc import Iterator

import pytest

from tests.support import configs, io_uring
from tests.support.exchange_model import EXCHANGES, check_client, check_server
from tests.support.exchange_peers import Http1Client, Http2Client, Servers
from tests.support.fairlead import Fairlead
from tests.support.processes import Workbench

CLIENTS = ["HTTP/1.1", "h2c"]
SERVERS = ["HTTP/1.1", "h2c"]


class Site:
    """One proxy before a server of each protocol, and a client of each."""

    def __init__(self, bench: Workbench, io: str):
        self.servers = Servers()
        made = {"HTTP/1.1": self.servers.http1, "h2c": self.servers.http2}
        self._origins = {name: made[name]() for name in SERVERS}
        self.fairlead = Fairlead(bench, io, workers=1)
        numbers = {name: str(number) for number, name in enumerate(SERVERS)}
        backends = [
            configs.backend(
                numbers[name], [{"id": "w1", "address": origin.address}], protocol="HTTP2" if name == "h2c" else "HTTP1"
            )
            for name, origin in self._origins.items()
        ]
        rules = [configs.rule(number, number, match={"path_prefix": f"/{number}/"}) for number in numbers.values()]
        with self.fairlead.connect() as control:
            control.replace(
                {"listeners": [configs.listener()], "route_tables": [configs.route_table(*rules)], "backends": backends}
            )
        of_protocol = {"HTTP/1.1": Http1Client, "h2c": Http2Client}
        self.clients = {name: of_protocol[name](self.fairlead.listener()) for name in CLIENTS}

    def close(self) -> None:
        for client in self.clients.values():
            client.close()
        for origin in self._origins.values():
            origin.__exit__()
            assert not origin.errors


@pytest.fixture(scope="module", params=["io_uring", "epoll"])
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    if request.param == "io_uring" and not io_uring.is_available():
        pytest.skip("this system has no io_uring")
    bench = Workbench(tmp_path_factory.mktemp("matrix"))
    made = Site(bench, request.param)
    yield made
    made.close()
    assert not bench.close()


@pytest.mark.parametrize("name", EXCHANGES)
@pytest.mark.parametrize("server", SERVERS)
@pytest.mark.parametrize("client", CLIENTS)
def test_both_sides_get_what_the_other_sent(site: Site, client: str, server: str, name: str):
    exchange = EXCHANGES[name]
    number, seen = site.clients[client].play(f"/{SERVERS.index(server)}/", name, site.servers)
    check_client(exchange, seen)
    check_server(exchange, site.servers.wait_for(number).seen)
