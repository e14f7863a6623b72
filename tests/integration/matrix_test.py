"""Every client protocol with every server protocol, in the clear and over TLS: bodies of all shapes, trailers, and who breaks
off where, against one model of what must arrive on both sides (tests/support/exchange_model.py)."""

from collections.abc import Iterator

import pytest

from tests.support import configs, io_uring
from tests.support.certificates import Authority
from tests.support.exchange_model import EXCHANGES, check_client, check_server
from tests.support.exchange_peers import Http1Client, Http2Client, Servers
from tests.support.fairlead import Fairlead
from tests.support.processes import Workbench
from tests.support.scripted_origin import ScriptedOrigin

PROTOCOLS = ["HTTP/1.1", "HTTP/2", "HTTP/1.1 over TLS", "HTTP/2 over TLS"]
OVER_TLS = " over TLS"
# The server's choice, where it has one.
CHOSEN = ", chosen"
SERVERS = [*PROTOCOLS, "HTTP/1.1 over TLS, chosen", "HTTP/2 over TLS, chosen"]


class Site:
    """One proxy before a server of each kind, and a client of each protocol."""

    def __init__(self, bench: Workbench, io: str):
        self._authority = Authority()
        self._identity = self._authority.leaf("test")
        self.servers = Servers()
        self._origins = {name: self._origin(name) for name in SERVERS}
        self.fairlead = Fairlead(bench, io, workers=1)
        rules = [configs.rule(str(n), str(n), match={"path_prefix": f"/{n}/"}) for n in range(len(SERVERS))]
        plain, secure = configs.listener("plain"), configs.listener("secure")
        with self.fairlead.connect() as control:
            control.replace(
                {
                    "listeners": [plain, {**secure, "tls": {"certificates": ["test"]}}],
                    "certificates": [self._identity.resource("test")],
                    "trust_bundles": [configs.trust_bundle("roots", self._authority.roots)],
                    "route_tables": [configs.route_table(*rules)],
                    "backends": [self._backend(number, name) for number, name in enumerate(SERVERS)],
                }
            )
        self.clients = {name: self._client(name) for name in PROTOCOLS}

    def _origin(self, name: str) -> ScriptedOrigin:
        make, alpn = (self.servers.http2, "h2") if name.startswith("HTTP/2") else (self.servers.http1, "http/1.1")
        return make(self._identity.server_context(alpn) if OVER_TLS in name else None)

    def _backend(self, number: int, name: str) -> dict:
        servers = [{"id": "w1", "address": self._origins[name].address}]
        tls = {"tls": {"server_name": "test", "trust": "roots"}} if OVER_TLS in name else {}
        protocol = "HTTP2" if name.startswith("HTTP/2") else "HTTP1"
        return configs.backend(str(number), servers, protocol="AUTO" if name.endswith(CHOSEN) else protocol, **tls)

    def _client(self, name: str) -> Http1Client | Http2Client:
        kind, alpn = (Http2Client, "h2") if name.startswith("HTTP/2") else (Http1Client, "http/1.1")
        if name.endswith(OVER_TLS):
            return kind(self.fairlead.listener("secure"), self._authority.client_context(alpn))
        return kind(self.fairlead.listener("plain"))

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
@pytest.mark.parametrize("client", PROTOCOLS)
def test_both_sides_get_what_the_other_sent(site: Site, client: str, server: str, name: str):
    exchange = EXCHANGES[name]
    number, seen = site.clients[client].play(f"/{SERVERS.index(server)}/", name, site.servers)
    check_client(exchange, seen)
    check_server(exchange, site.servers.wait_for(number).seen)
