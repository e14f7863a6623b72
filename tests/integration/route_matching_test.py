"""Which rule a request goes by: patterns of paths, methods, fields, parameters of the query."""

import contextlib
import socket

import pytest

from tests.support import configs
from tests.support.control_session import violations
from tests.support.fairlead import Fairlead
from tests.support.processes import Workbench
from tests.support.scripted_origin import ScriptedOrigin, answering
from tests.support.wire import Wire, get

# A rule for each of these stands in this order, and sends to the backend of its name; "rest" takes what is left.
RULES = {
    "item": {"path_regex": "/items/[0-9]+"},
    "suffix": {"path_regex": r".*\.(png|jpe?g)", "methods": ["GET", "HEAD"]},
    "lock": {"path_prefix": "/files/", "methods": ["LOCK", "UNLOCK"]},
    "beta": {"path_prefix": "/", "headers": [{"name": "x-version", "exact": "beta"}]},
    "mobile": {"headers": [{"name": "User-Agent", "prefix": "Mobile/"}, {"name": "X-Desktop", "absent": True}]},
    "number": {"headers": [{"name": "X-Id", "regex": "[0-9]+"}]},
    "any": {"headers": [{"name": "X-Any"}], "path": "/any"},
    "search": {"query": [{"name": "q", "exact": "a b"}, {"name": "lang", "regex": "en|de"}]},
    "debug": {"query": [{"name": "debug"}]},
    "host": {"headers": [{"name": "Host", "exact": "named.example:81"}]},
}

CASES = [
    ("item", get("/items/12?x=1")),
    ("rest", get("/items/12/x")),
    ("rest", get("/items/")),
    ("rest", get("/x/items/12")),
    ("suffix", get("/a/b.png")),
    ("suffix", get("/.jpeg")),
    ("rest", get("/a.png", method="POST")),
    ("rest", get("/apng")),
    ("lock", get("/files/x", method="LOCK")),
    ("lock", get("/files/x", method="UNLOCK")),
    ("rest", get("/files/x", method="LOCKS")),
    ("rest", get("/files/x", method="lock")),
    ("rest", get("/files/x")),
    ("beta", get("/", "X-Version: beta")),
    ("beta", get("/", "x-VERSION:\t beta ")),
    ("beta", get("/", "X-Version: alpha", "X-Version: beta")),
    ("rest", get("/", "X-Version: Beta")),
    ("rest", get("/", "X-Version: alpha, beta")),
    ("item", get("/items/1", "X-Version: beta")),
    ("mobile", get("/", "User-Agent: Mobile/1")),
    ("rest", get("/", "User-Agent: Mobile/1", "X-Desktop:")),
    ("rest", get("/", "User-Agent: A Mobile/1")),
    ("number", get("/", "X-Id: 12")),
    ("number", get("/", "X-Id: x", "X-Id: 12")),
    ("rest", get("/", "X-Id: 12x")),
    ("rest", get("/", "X-Id:")),
    ("any", get("/any", "X-Any:")),
    ("rest", get("/any")),
    ("rest", get("/any/", "X-Any: 1")),
    ("search", get("/?lang=en&q=a+b")),
    ("search", get("/?q=x&q=a%20b&lang=de")),
    ("search", get("/?%71=%61%20b&l%61ng=en")),
    ("rest", get("/?q=a+b")),
    ("rest", get("/?q=a+b&lang=fr")),
    ("rest", get("/?q=a+b%26lang=en")),
    ("debug", get("/?debug")),
    ("debug", get("/?a=1&debug=&b=2")),
    ("rest", get("/?a=debug")),
    ("rest", get("/debug")),
    ("host", get("/", host="named.example:81")),
    ("host", "GET http://named.example:81/ HTTP/1.1\r\nHost: other.example\r\n\r\n"),
    ("rest", "GET http://other.example/ HTTP/1.1\r\nHost: named.example:81\r\n\r\n"),
    ("rest", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"),
]


def test_the_first_rule_of_which_all_conditions_hold_is_taken(fairlead: Fairlead):
    with contextlib.ExitStack() as stack:
        backends = []
        for name in (*RULES, "rest"):
            answer = f"HTTP/1.1 200 OK\r\nX-Rule: {name}\r\nContent-Length: 0\r\n\r\n".encode()
            origin = stack.enter_context(ScriptedOrigin(answering(answer)))
            backends.append(configs.backend(name, [{"id": "s", "address": origin.address}]))
        rules = [configs.rule(name, name, match=match) for name, match in RULES.items()]
        table = configs.route_table(*rules, configs.rule("rest", "rest"))
        with fairlead.connect() as control:
            control.replace({"listeners": [configs.listener()], "route_tables": [table], "backends": backends})
        with fairlead.open() as wire:
            reached = [
                wire.request(request, "HEAD" if request.startswith("HEAD") else "GET").get("x-rule")
                for _, request in CASES
            ]
    assert list(zip(reached, (request for _, request in CASES))) == CASES


def test_a_rule_may_ask_where_the_client_is(fairlead: Fairlead, bench: Workbench):
    def answer(text: str, *networks: str) -> dict:
        return {"id": text, "match": {"source_networks": list(networks)}, "respond": {"status": 200, "body": text}}

    path = f"{bench.directory}/web.sock"
    rules = [answer("v4", "127.0.0.0/8"), answer("v6", "::1"), answer("unix", "unix"), answer("rest")]
    with fairlead.connect() as control:
        control.replace(
            {
                "listeners": [
                    configs.listener("v4"),
                    configs.listener("v6", "[::1]:0"),
                    configs.listener("unix", f"unix:{path}"),
                ],
                "route_tables": [configs.route_table(*rules)],
            }
        )
        for listener in ("v4", "v6"):
            with fairlead.open(listener) as wire:
                assert wire.request(get("/")).body == listener.encode()
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(path)
            assert Wire(connection).request(get("/")).body == b"unix"
        control.apply({"upsert_route_table": configs.route_table(answer("far", "10.0.0.0/8"), rules[-1])})
        with fairlead.open("v4") as wire:
            assert wire.request(get("/")).body == b"rest"


def test_where_no_rule_matches_the_answer_is_404_and_counted(fairlead: Fairlead, start_origin):
    with fairlead.connect() as control:
        control.replace(
            configs.site(start_origin("w1").server())
            | {"route_tables": [configs.route_table(configs.rule("all", "web", match={"methods": ["PUT"]}))]}
        )
    with fairlead.open() as wire:
        response = wire.request(get("/"))
        assert (response.status, response.body) == (404, b"404 Not Found: no route for this request\n")
        assert wire.request(get("/", method="PUT")).status == 200


def test_a_rule_of_ten_thousand_is_found_and_changed_while_it_serves(fairlead: Fairlead, start_origin):
    origin = start_origin("w1")

    def table(service: str) -> dict:
        tenants = [
            configs.rule(f"tenant-{i}", "web", match={"headers": [{"name": "x-tenant", "exact": str(i)}]})
            for i in range(5_000)
        ]
        services = [
            configs.rule(f"service-{i}", "web", match={"path_regex": f"/{service}-{i}/[a-z]+"}) for i in range(500)
        ]
        return configs.route_table(*tenants, *services)

    with fairlead.connect() as control:
        control.replace(configs.site(origin.server()) | {"route_tables": [table("service")]})
        with fairlead.open() as wire:
            assert wire.request(get("/", "X-Tenant: 4999")).status == 200
            assert wire.request(get("/", "X-Tenant: 5000")).status == 404
            assert wire.request(get("/service-499/abc")).status == 200
            assert wire.request(get("/service-500/abc")).status == 404
            control.apply({"upsert_route_table": table("job")})
            assert wire.request(get("/service-499/abc")).status == 404
            assert wire.request(get("/job-499/abc")).status == 200


MATCH = 'route_tables["main"].virtual_hosts["all"].rules["all"].match'


@pytest.mark.parametrize(
    ("match", "place", "reason"),
    [
        ({"path_regex": "/(a"}, "path_regex", "missing ): /(a"),
        ({"path_regex": "/" + 1_024 * "a"}, "path_regex", "longer than 1024 bytes"),
        ({"path_regex": r"/\w{1000}"}, "path_regex", "instructions"),
        ({"path_regex": "/é"}, "path_regex", "not ASCII"),
        ({"path": "/a?b"}, "path", "not for a path"),
        ({"methods": ["GET", "G T"]}, "methods[1]", "not a token"),
        ({"headers": [{"name": ""}]}, "headers[0].name", "not a token"),
        ({"headers": [{"name": "a", "regex": "[a"}]}, "headers[0].regex", "missing ]"),
        ({"headers": [{"name": "a", "exact": "b\r\nc: d"}]}, "headers[0].exact", "control characters"),
        ({"query": [{"name": "a", "regex": "*"}]}, "query[0].regex", "no argument for repetition operator"),
        ({"headers": 33 * [{"name": "a"}]}, "headers", "more than 32"),
    ],
)
def test_a_condition_that_means_nothing_is_rejected(
    fairlead: Fairlead, start_origin, match: dict, place: str, reason: str
):
    with fairlead.connect() as control:
        control.replace(configs.site(start_origin("w1").server()))
        rejected = control.reject(
            {"upsert_route_table": configs.route_table(configs.rule("all", "web", match=match))}
        )
        reasons = {violation.path: violation.message for violation in rejected.violations}
        assert set(reasons) == set(violations(rejected)) == {f"{MATCH}.{place}"}
        assert reason in reasons[f"{MATCH}.{place}"]
    with fairlead.open() as wire:
        assert wire.request(get("/")).status == 200
