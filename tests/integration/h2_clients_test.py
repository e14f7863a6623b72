"""Clients and servers of HTTP/2 that others have made: curl, nghttp, h2load; nghttpd, nginx."""

import pytest

from tests.support import configs
from tests.support.fairlead import Fairlead
from tests.support.h2_programs import Nghttpd, curl, h2load, nghttp_statistics, run
from tests.support.nginx import Nginx
from tests.support.origin import Origin
from tests.support.pattern import pattern
from tests.support.processes import Workbench

SIZE = 3_000_000


@pytest.fixture
def files(bench: Workbench) -> bytes:
    """"/large" and "/small" for servers of files, and "large" to upload."""
    body = pattern(SIZE)
    (bench.directory / "large").write_bytes(body)
    (bench.directory / "small").write_text("small\n")
    return body


@pytest.fixture
def origin(fairlead: Fairlead, start_origin) -> Origin:
    started = start_origin("w1")
    with fairlead.connect() as control:
        control.replace(configs.site(started.server()))
    return started


def serve_http2(fairlead: Fairlead, address: str) -> None:
    with fairlead.connect() as control:
        control.replace(configs.site({"id": "w1", "address": address}, protocol="HTTP2"))


# Clients.


def test_curl_by_prior_knowledge(fairlead: Fairlead, origin: Origin, bench: Workbench, files: bytes):
    url = f"http://{fairlead.listener()}"
    prior = "--http2-prior-knowledge"
    assert curl(prior, "-o", "got", "-w", "%{http_version} %{http_code}", f"{url}/stream/{SIZE}", cwd=bench.directory) == "2 200"
    assert (bench.directory / "got").read_bytes() == files
    assert curl(prior, "--data-binary", "@large", "-o", "echoed", "-w", "%{http_code}", f"{url}/echo", cwd=bench.directory) == "200"
    assert (bench.directory / "echoed").read_bytes() == files
    assert curl(prior, "-I", f"{url}/").startswith("HTTP/2 200")
    assert curl(prior, "-o", "/dev/null", "-w", "%{http_code}", f"{url}/status/404") == "404"
    # Without a length, and with Expect: 100-continue.
    assert curl(prior, "-T", "-", "-o", "/dev/null", "-w", "%{http_code}", f"{url}/upload") == "200"
    assert curl(prior, "-H", "Expect: 100-continue", "-d", "x", "-w", "%{http_code}", "-o", "/dev/null", f"{url}/upload") == "200"


def test_curl_that_asks_to_upgrade_stays_with_http1(fairlead: Fairlead, origin: Origin):
    """The upgrade from HTTP/1.1 was taken out of HTTP/2 (RFC 9113 §3.1)."""
    assert curl("--http2", "-o", "/dev/null", "-w", "%{http_version} %{http_code}", f"http://{fairlead.listener()}/") == "1.1 200"


def test_nghttp_with_windows_and_priorities_of_its_own(fairlead: Fairlead, origin: Origin, bench: Workbench, files: bytes):
    url = f"http://{fairlead.listener()}"
    entries = nghttp_statistics(
        "--window-bits=16", "--connection-window-bits=16", "--multiply=20", f"{url}/stream/{SIZE // 10}", cwd=bench.directory
    )
    assert [entry["response"]["status"] for entry in entries] == [200] * 20
    assert {entry["response"]["content"]["size"] for entry in entries} == {SIZE // 10}
    echoed = run("nghttp", "--data=large", "--no-content-length", f"{url}/echo", cwd=bench.directory)
    assert echoed.encode() == files
    run("nghttp", "--null-out", "--data=small", "--trailer=x: y", f"{url}/upload", cwd=bench.directory)
    run("nghttp", "--null-out", "--expect-continue", "--data=small", f"{url}/upload", cwd=bench.directory)
    run("nghttp", "--null-out", "--padding=200", "--hexdump", f"{url}/", cwd=bench.directory)


def test_h2load_loses_nothing(fairlead: Fairlead, origin: Origin):
    counts = h2load("--requests=20000", "--clients=8", "--max-concurrent-streams=32", f"http://{fairlead.listener()}/")
    assert (counts["succeeded"], counts["2xx"], counts["failed"], counts["errored"]) == (20_000, 20_000, 0, 0)
    assert origin.stats()["malformed"] == []


def test_h2load_with_bodies_loses_nothing(fairlead: Fairlead, origin: Origin, bench: Workbench, files: bytes):
    counts = h2load(
        "--requests=200", "--clients=4", "--max-concurrent-streams=10", f"--data={bench.directory}/large",
        f"http://{fairlead.listener()}/upload",
    )
    assert (counts["succeeded"], counts["2xx"], counts["failed"]) == (200, 200, 0)
    assert origin.stats()["malformed"] == []


# Servers.


def test_nghttpd_as_a_server(fairlead: Fairlead, bench: Workbench, files: bytes):
    serve_http2(fairlead, Nghttpd(bench).address)
    for protocol in ("--http1.1", "--http2-prior-knowledge"):
        url = f"http://{fairlead.listener()}"
        assert curl(protocol, "-o", "got", "-w", "%{http_code}", f"{url}/large", cwd=bench.directory) == "200"
        assert (bench.directory / "got").read_bytes() == files
        assert curl(protocol, "--data-binary", "@large", "-o", "echoed", "-w", "%{http_code}", f"{url}/", cwd=bench.directory) == "200"
        assert (bench.directory / "echoed").read_bytes() == files
        assert curl(protocol, f"{url}/small") == "small\n"
        assert curl(protocol, "-o", "/dev/null", "-w", "%{http_code}", f"{url}/missing") == "404"
        assert curl(protocol, "-I", "-o", "/dev/null", "-w", "%{http_code}", f"{url}/large") == "200"


def test_nghttpd_with_trailers_and_small_windows(fairlead: Fairlead, bench: Workbench, files: bytes):
    address = Nghttpd(bench, "--trailer=x: y", "--window-bits=16", "--max-concurrent-streams=10", "--padding=100").address
    serve_http2(fairlead, address)
    counts = h2load(
        "--requests=500", "--clients=4", "--max-concurrent-streams=20", f"http://{fairlead.listener()}/small"
    )
    assert (counts["succeeded"], counts["2xx"]) == (500, 500)
    said = run("nghttp", "--verbose", "--null-out", f"http://{fairlead.listener()}/small", cwd=bench.directory)
    assert "x: y" in said
    assert curl("--http2-prior-knowledge", "--data-binary", "@large", "-o", "echoed", "-w", "%{http_code}", f"http://{fairlead.listener()}/", cwd=bench.directory) == "200"
    assert (bench.directory / "echoed").read_bytes() == files


def test_nginx_as_a_server(fairlead: Fairlead, bench: Workbench, files: bytes):
    """It ends its connections after so many requests, by GOAWAY: nothing is lost by that."""
    nginx = Nginx(
        bench,
        f"root {bench.directory}; location = /ok {{ return 200 ok; }}",
        http="keepalive_requests 100; http2_max_concurrent_streams 16;",
        listen="http2",
    )
    serve_http2(fairlead, nginx.address)
    url = f"http://{fairlead.listener()}"
    for protocol in ("--http1.1", "--http2-prior-knowledge"):
        assert curl(protocol, "-o", "got", "-w", "%{http_code}", f"{url}/large", cwd=bench.directory) == "200"
        assert (bench.directory / "got").read_bytes() == files
    counts = h2load("--requests=5000", "--clients=4", "--max-concurrent-streams=20", f"{url}/ok")
    assert (counts["succeeded"], counts["2xx"], counts["failed"], counts["errored"]) == (5000, 5000, 0, 0)
    counts = h2load("--h1", "--requests=2000", "--clients=20", f"{url}/ok")
    assert (counts["succeeded"], counts["2xx"], counts["failed"], counts["errored"]) == (2000, 2000, 0, 0)
