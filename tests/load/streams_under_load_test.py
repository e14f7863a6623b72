"""Changes while many streams run over few connections to servers: none is lost."""

import pytest

from tests.support import configs
from tests.support.fairlead import Fairlead
from tests.support.h2load import H2Load
from tests.support.nghttpd import Nghttpd
from tests.support.processes import Workbench
from tests.support.waiting import wait_until

pytestmark = pytest.mark.load

TRANSACTIONS = 1_000
STREAMS = 200


@pytest.mark.parametrize("clients", ["http1", "http2"])
def test_a_thousand_transactions_under_200_streams_lose_none(fairlead: Fairlead, bench: Workbench, clients: str):
    origins = [Nghttpd(bench, name=name) for name in ("a", "b")]
    for origin in origins:
        (origin.root / "file").write_bytes(b"f" * 2_000)
    servers = [origin.server(name) for origin, name in zip(origins, "ab")]
    with fairlead.connect() as control:
        control.replace(configs.site(servers[0], protocol="HTTP2"))
        url = f"http://{fairlead.listener()}/file"
        is_http1 = clients == "http1"
        load = H2Load(url, connections=STREAMS if is_http1 else 4, streams=STREAMS, http1=is_http1)
        wait_until(lambda: fairlead.metrics()["fairlead_requests_total"] > 1_000, "requests run")
        for number in range(TRANSACTIONS):
            leaving, coming = servers[number % 2], servers[(number + 1) % 2]
            control.apply(configs.remove_server("web", leaving["id"]), configs.upsert_server("web", coming))
        counts = load.stop()
    assert counts["done"] == counts["succeeded"] == counts["2xx"] > 0, load.outputs[-1]
    assert counts["failed"] == counts["errored"] == counts["timeout"] == 0
    wait_until(lambda: fairlead.metrics()["fairlead_upstream_http2_connections"] <= 2 * 3, "old connections are closed")
