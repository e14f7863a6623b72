"""Paths are normalized before they are matched and forwarded (HttpListener.path_normalization)."""

import pytest

from tests.support import configs
from tests.support.fairlead import Fairlead
from tests.support.scripted_origin import ScriptedOrigin
from tests.support.wire import Wire, get

ALL = {"decode_unreserved": True, "merge_slashes": True, "resolve_dot_segments": True}


def serve(fairlead: Fairlead, origin: ScriptedOrigin, normalization: dict | None) -> None:
    """Whatever begins with /admin belongs to nobody."""
    http = {"path_normalization": normalization} if normalization is not None else {}
    snapshot = configs.site({"id": "scripted", "address": origin.address}, http=http)
    snapshot["backends"].append(configs.backend("nobody"))
    snapshot["route_tables"] = [
        configs.route_table(
            configs.rule("admin", "nobody", match={"path_prefix": "/admin"}), configs.rule("all", "web")
        )
    ]
    with fairlead.connect() as control:
        control.replace(snapshot)


def seeing(seen: list):
    def script(wire: Wire) -> None:
        while True:
            seen.append(wire.read_request())
            wire.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    return script


# The listener's rules, a target, and the target that the server is asked for; or the status of the proxy's own answer.
CASES = [
    (None, "/a/../%2e//b", "/a/../%2e//b"),
    ({}, "/a/../%2e//b", "/a/../%2e//b"),
    (ALL, "/", "/"),
    (ALL, "/a/b?c=/../%41", "/a/b?c=/../%41"),
    (ALL, "/a/./b/../c//d?e", "/a/c/d?e"),
    (ALL, "/%61%2fb%c3%a9", "/a%2Fb%C3%A9"),
    (ALL, "/x/%2e%2e/y", "/y"),
    (ALL, "/%252e%252e/", "/%252e%252e/"),
    (ALL, "/%c0%ae%c0%ae/", "/%C0%AE%C0%AE/"),
    # Matched by what they mean.
    (ALL, "/x/../admin", 503),
    (ALL, "/x/%2e%2e/admin/", 503),
    (ALL, "//admin", 503),
    (ALL, "/%61dmin", 503),
    (None, "/%61dmin", "/%61dmin"),
    ({"escaped_slashes": "DECODE"}, "/admin%2fx", 503),
    ({"escaped_slashes": "DECODE"}, "/a%2Fb%5cc", "/a/b\\c"),
    ({"escaped_slashes": "REJECT"}, "/a%2fb", 400),
    ({"escaped_slashes": "REJECT"}, "/a%5Cb", 400),
    ({"escaped_slashes": "REJECT"}, "/a?b=%2f", "/a?b=%2f"),
    (ALL, "/..", 400),
    (ALL, "/a/../../b", 400),
    (ALL, "/%2e%2e/b", 400),
    (ALL, "/x/..;/admin", 400),
    (ALL, "/x/..%2fadmin", 400),
    (ALL, "/x/..%5cadmin", 400),
    (ALL, "/x/..\\admin", 400),
    (ALL, "/x%00", 400),
    (ALL, "/x%", 400),
    (ALL, "/x%zz", 400),
    # Absolute targets (RFC 9112 §3.2.2): their authority wins, their path is normalized like any other.
    (ALL, "http://other/a/../b?c", "/b?c"),
    (ALL, "http://other", "/"),
    (ALL, "http://other?b=..", "/?b=.."),
    (ALL, "http://other/..", 400),
]


@pytest.mark.parametrize("normalization, target, expected", CASES)
def test_what_becomes_of_a_target(fairlead: Fairlead, normalization: dict | None, target: str, expected: str | int):
    seen: list = []
    with ScriptedOrigin(seeing(seen)) as origin:
        serve(fairlead, origin, normalization)
        with fairlead.open() as wire:
            response = wire.request(get(target))
            if isinstance(expected, int):
                assert response.status == expected
                assert not seen
            else:
                assert response.status == 200
                host = "other" if target.startswith("http://") else "test"
                assert seen[0].head == f"GET {expected} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()
            # The connection goes on.
            assert wire.request(get("/next")).status == 200


def test_what_is_no_path_is_left_alone(fairlead: Fairlead):
    seen: list = []
    with ScriptedOrigin(seeing(seen)) as origin:
        serve(fairlead, origin, ALL)
        with fairlead.open() as wire:
            assert wire.request(get("*", method="OPTIONS")).status == 200
            assert wire.request("CONNECT ..:80 HTTP/1.1\r\nHost: ..:80\r\n\r\n").status == 405
    assert seen[0].target == "*"


def test_a_body_behind_a_refused_path_does_not_become_a_request(fairlead: Fairlead):
    seen: list = []
    with ScriptedOrigin(seeing(seen)) as origin:
        serve(fairlead, origin, ALL)
        smuggled = get("/smuggled")
        with fairlead.open() as wire:
            wire.send(f"POST /.. HTTP/1.1\r\nHost: a\r\nContent-Length: {len(smuggled)}\r\n\r\n{smuggled}")
            assert wire.read_response().status == 400
            wire.take_rest()
    assert not seen
