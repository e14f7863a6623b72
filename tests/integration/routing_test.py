"""Where a request goes: by host, by path, by the weights of backends."""

from collections import Counter

import pytest

from tests.support import configs
from tests.support.control_session import violations
from tests.support.fairlead import Fairlead
from tests.support.scripted_origin import ScriptedOrigin
from tests.support.waiting import wait_until
from tests.support.wire import Closed, Wire, get


@pytest.fixture
def names(fairlead: Fairlead, start_origin) -> list[str]:
    """Backends a to e, each with one server that says its name."""
    started = [start_origin(name) for name in "abcde"]
    with fairlead.connect() as control:
        control.replace(
            {
                "listeners": [configs.listener()],
                "route_tables": [configs.route_table(configs.rule("all", "a"))],
                "backends": [configs.backend(origin.name, [origin.server()]) for origin in started],
            }
        )
    return [origin.name for origin in started]


def route(fairlead: Fairlead, *virtual_hosts: dict) -> None:
    with fairlead.connect() as control:
        control.apply({"upsert_route_table": {"id": "main", "virtual_hosts": list(virtual_hosts)}})


def virtual_host(identity: str, domains: list[str], *rules: dict) -> dict:
    return {"id": identity, "domains": domains, "rules": list(rules)}


def reached(fairlead: Fairlead, host: str, path: str = "/") -> str | int:
    """The backend that answers, or the proxy's own status."""
    with fairlead.open() as wire:
        response = wire.request(get(path, host=host))
        return response.get("x-origin") or response.status


def test_the_most_exact_host_wins(fairlead: Fairlead, names: list[str]):
    route(
        fairlead,
        virtual_host("any", ["*"], configs.rule("r", "a")),
        virtual_host("suffix", ["*.example.org"], configs.rule("r", "b")),
        virtual_host("longer", ["*.deep.example.org"], configs.rule("r", "c")),
        virtual_host("exact", ["www.example.org", "example.org"], configs.rule("r", "d")),
    )
    assert reached(fairlead, "www.example.org") == "d"
    assert reached(fairlead, "example.org") == "d"
    assert reached(fairlead, "api.example.org") == "b"
    assert reached(fairlead, "a.b.example.org") == "b"
    assert reached(fairlead, "x.deep.example.org") == "c"
    assert reached(fairlead, "deep.example.org") == "b"
    assert reached(fairlead, "notexample.org") == "a"
    assert reached(fairlead, "example.org.evil") == "a"


def test_a_host_is_compared_without_port_and_case(fairlead: Fairlead, names: list[str]):
    route(fairlead, virtual_host("exact", ["WWW.example.org"], configs.rule("r", "b")))
    assert reached(fairlead, "www.EXAMPLE.org:8080") == "b"
    assert reached(fairlead, "[::1]:8080") == 404


def test_a_host_that_nobody_names_is_404(fairlead: Fairlead, names: list[str]):
    route(fairlead, virtual_host("exact", ["example.org"], configs.rule("r", "a")))
    assert reached(fairlead, "other.org") == 404


def test_the_first_rule_that_matches_wins(fairlead: Fairlead, names: list[str]):
    route(
        fairlead,
        virtual_host(
            "all",
            ["*"],
            configs.rule("exact", "b", match={"path": "/exact"}),
            configs.rule("long", "c", match={"path_prefix": "/api/v2/"}),
            configs.rule("short", "d", match={"path_prefix": "/api"}),
            configs.rule("never", "e", match={"path_prefix": "/api/v1"}),
        ),
    )
    assert reached(fairlead, "x", "/exact") == "b"
    assert reached(fairlead, "x", "/exact?query=1") == "b"
    assert reached(fairlead, "x", "/exact/more") == 404
    assert reached(fairlead, "x", "/api/v2/x") == "c"
    assert reached(fairlead, "x", "/api/v2") == "d"
    assert reached(fairlead, "x", "/api/v1/x") == "d"
    assert reached(fairlead, "x", "/apis") == "d"
    assert reached(fairlead, "x", "/Api") == 404


def test_each_request_on_a_connection_is_routed_anew(fairlead: Fairlead, names: list[str]):
    route(
        fairlead,
        virtual_host("all", ["*"], *(configs.rule(name, name, match={"path_prefix": f"/{name}/"}) for name in names)),
    )
    with fairlead.open() as wire:
        for name in names * 3:
            assert wire.request(get(f"/{name}/")).get("x-origin") == name
        assert wire.request(get("/f/")).status == 404
        assert wire.request(get("/a/")).get("x-origin") == "a"


def test_backends_share_by_weight(fairlead: Fairlead, names: list[str]):
    weighted = [{"backend": "a", "weight": 90}, {"backend": "b", "weight": 10}, {"backend": "c", "weight": 0}]
    route(fairlead, virtual_host("all", ["*"], configs.rule("split", *weighted)))
    with fairlead.open() as wire:
        counts = Counter(wire.request(get("/")).get("x-origin") for _ in range(2000))
    assert counts["c"] == 0
    # Drawn at random or in turn: 200 are due, and six deviations (of 13.4) are never seen.
    assert 120 < counts["b"] < 280
    assert counts["a"] + counts["b"] == 2000


def test_a_request_goes_by_the_table_at_its_head(fairlead: Fairlead, names: list[str]):
    # A request is served from start to end by one revision: the change in its middle does not touch it.
    with fairlead.open() as wire:
        wire.send(get("/echo", "Content-Length: 10", method="POST") + "first")
        wait_until(lambda: fairlead.server_status("a", "a")["active_requests"] == 1, "a has the request")
        route(fairlead, virtual_host("all", ["*"], configs.rule("all", "b")))
        wire.send("after")
        response = wire.read_response()
        assert (response.get("x-origin"), response.body) == ("a", b"firstafter")
        assert wire.request(get("/")).get("x-origin") == "b"


def test_a_rule_has_an_idle_timeout_of_its_own(fairlead: Fairlead):
    def script(wire: Wire) -> None:
        wire.read_request()
        wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
        wire.take_rest()

    with ScriptedOrigin(script) as origin, fairlead.connect() as control:
        site = configs.site({"id": "s", "address": origin.address}, timeouts={"idle": "3600s"})
        site["route_tables"] = [configs.route_table(configs.rule("all", "web", idle_timeout="0.1s"))]
        control.replace(site)
        with fairlead.open() as wire:
            wire.send(get("/"))
            with pytest.raises(Closed) as cut:
                wire.read_response()
        assert cut.value.got == b"half"


RULE = 'route_tables["main"].virtual_hosts["all"].rules["all"]'
BAD_TABLES = {
    "no backend, redirect or answer": (configs.rule("all"), {RULE}),
    "a backend that is not there": (configs.rule("all", "nowhere"), {f"{RULE}.backends"}),
    "all weights 0": (configs.rule("all", {"backend": "a", "weight": 0}), {RULE}),
    "too large a weight": (configs.rule("all", {"backend": "a", "weight": 1_000_001}), {f"{RULE}.backends"}),
    "exact path and prefix": (configs.rule("all", "a", match={"path": "/a", "path_prefix": "/b"}), {RULE}),
    "path without a slash": (configs.rule("all", "a", match={"path": "a"}), {f"{RULE}.match.path"}),
    "prefix without a slash": (configs.rule("all", "a", match={"path_prefix": "a"}), {f"{RULE}.match.path_prefix"}),
    "bad id": (configs.rule("a b", "a"), {"route_tables"}),
}


@pytest.mark.parametrize(("rule", "places"), BAD_TABLES.values(), ids=BAD_TABLES.keys())
def test_a_bad_rule_is_rejected_with_its_place(fairlead: Fairlead, names: list[str], rule: dict, places: set[str]):
    with fairlead.connect() as control:
        rejected = control.reject({"upsert_route_table": configs.route_table(rule)})
    for place in places:
        assert any(path.startswith(place) for path in violations(rejected)), rejected
    assert reached(fairlead, "x") == "a"


@pytest.mark.parametrize("domain", ["", "a b", "*.", "a.*", "*a.org", "example.org:80", "http://a"])
def test_a_bad_domain_is_rejected(fairlead: Fairlead, names: list[str], domain: str):
    with fairlead.connect() as control:
        rejected = control.reject(
            {"upsert_route_table": configs.route_table(configs.rule("all", "a"), domains=[domain])}
        )
    assert all(path.startswith('route_tables["main"].virtual_hosts["all"].domains') for path in violations(rejected))


def test_a_domain_named_twice_is_rejected(fairlead: Fairlead, names: list[str]):
    hosts = [
        virtual_host("one", ["example.org"], configs.rule("r", "a")),
        virtual_host("two", ["EXAMPLE.org"], configs.rule("r", "b")),
    ]
    with fairlead.connect() as control:
        rejected = control.reject({"upsert_route_table": {"id": "main", "virtual_hosts": hosts}})
    assert any("domains" in path for path in violations(rejected))
