"""Real programs on both sides: curl and wrk in front, nginx behind."""

import json
import re
import subprocess

import pytest

from tests.support import configs
from tests.support.fairlead import Fairlead
from tests.support.nginx import Nginx
from tests.support.pattern import pattern
from tests.support.processes import Workbench


@pytest.fixture
def nginx(bench: Workbench, fairlead: Fairlead) -> Nginx:
    (bench.directory / "page.html").write_text("<p>page</p>\n")
    (bench.directory / "large.bin").write_bytes(pattern(30_000_000))
    started = Nginx(
        bench,
        """
        root %s;
        gzip on; gzip_types *; gzip_min_length 1; gzip_http_version 1.0;
        client_max_body_size 0;
        location = /small { return 200 "seventy bytes or so, as a health page or a small API answer may have\\n"; }
        location = /gone { return 301 /page.html; }
        location /upload { dav_methods PUT; create_full_put_path on; }
        """
        % bench.directory,
    )
    with fairlead.connect() as control:
        control.replace(configs.site({"id": "nginx", "address": started.address}))
    return started


def curl(*arguments: str) -> str:
    return subprocess.run(
        ["curl", "--silent", "--show-error", "--fail-with-body", "--max-time", "60", *arguments],
        check=True,
        capture_output=True,
        text=True,
    ).stdout


def test_curl_reads_a_page_of_nginx(fairlead: Fairlead, nginx: Nginx):
    assert curl(f"http://{fairlead.listener()}/page.html") == "<p>page</p>\n"


def test_curl_speaks_1_0_and_asks_for_heads(fairlead: Fairlead, nginx: Nginx):
    url = f"http://{fairlead.listener()}/page.html"
    assert curl("--http1.0", url) == "<p>page</p>\n"
    assert "Content-Length: 12" in curl("--head", url)
    assert "HTTP/1.1 304" in curl("--head", "--time-cond", str(nginx_page_age(url)), url)


def nginx_page_age(url: str) -> str:
    return re.search(r"Last-Modified: (.*)\r?\n", curl("--head", url))[1].strip()


def test_curl_reuses_its_connection(fairlead: Fairlead, nginx: Nginx):
    url = f"http://{fairlead.listener()}/small"
    connects = curl(*(["--output", "/dev/null", "--write-out", "%{num_connects} ", url] * 5))
    assert connects.split() == ["1", "0", "0", "0", "0"]


def test_chunks_of_nginx_gzip_come_through(fairlead: Fairlead, nginx: Nginx):
    url = f"http://{fairlead.listener()}/page.html"
    assert curl("--compressed", url) == "<p>page</p>\n"
    assert "Transfer-Encoding: chunked" in curl("--compressed", "--include", url)


def test_a_large_file_and_a_range_of_it(fairlead: Fairlead, nginx: Nginx, bench: Workbench):
    url = f"http://{fairlead.listener()}/large.bin"
    target = bench.directory / "downloaded"
    curl("--output", str(target), url)
    assert target.read_bytes() == pattern(30_000_000)
    curl("--output", str(target), "--range", "1000000-1000999", url)
    assert target.read_bytes() == pattern(1000, 1_000_000)


def test_a_redirect_is_followed(fairlead: Fairlead, nginx: Nginx):
    assert curl("--location", f"http://{fairlead.listener()}/gone") == "<p>page</p>\n"


def test_curl_uploads_with_expect_and_with_chunks(fairlead: Fairlead, start_origin, bench: Workbench):
    origin = start_origin("w1")
    with fairlead.connect() as control:
        control.replace(configs.site(origin.server()))
    source = bench.directory / "source"
    source.write_bytes(pattern(5_000_000))
    url = f"http://{fairlead.listener()}/upload"
    taken = {"bytes": 5_000_000, "is_pattern": True}
    assert json.loads(curl("--header", "Expect: 100-continue", "--upload-file", str(source), url)) == taken
    chunked = curl("--header", "Transfer-Encoding: chunked", "--data-binary", f"@{source}", url)
    assert json.loads(chunked) == taken
    assert origin.stats()["malformed"] == []


def test_wrk_finds_no_error(fairlead: Fairlead, nginx: Nginx):
    command = [
        "wrk",
        "--threads",
        "1",
        "--connections",
        "64",
        "--duration",
        "2s",
        f"http://{fairlead.listener()}/small",
    ]
    report = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert "Socket errors" not in report
    assert "Non-2xx" not in report
    assert int(re.search(r"(\d+) requests in", report)[1]) > 1000


def test_nginx_in_front_finds_no_error(bench: Workbench, fairlead: Fairlead, nginx: Nginx):
    front = Nginx(
        bench,
        'location / { proxy_pass http://fairlead; proxy_http_version 1.1; proxy_set_header Connection ""; }',
        http="upstream fairlead { server %s; keepalive 16; }" % fairlead.listener(),
        name="front",
    )
    for _ in range(20):
        assert curl(f"http://{front.address}/page.html") == "<p>page</p>\n"
    assert "HTTP/1.1 200" in curl("--head", f"http://{front.address}/large.bin")
