"""Each kind of check of fairlead_prober, against real servers: what is a success, and what is said of a failure."""

import json
import os
import pathlib
import re
import ssl

import grpc
import pytest

from tests.support.binaries import REPOSITORY
from tests.support.certificates import Authority
from tests.support.grpc_health import NOT_SERVING, SERVING, GrpcHealth
from tests.support.nginx import Nginx
from tests.support.ports import closed_port
from tests.support.prober import Prober, check_once
from tests.support.processes import Workbench
from tests.support.scripted_origin import ScriptedOrigin
from tests.support.waiting import wait_until
from tests.support.wire import Wire


@pytest.fixture(params=["io_uring", "epoll"])
def check(request: pytest.FixtureRequest, tmp_path: pathlib.Path):
    """check(address, …fields of the check): "UP" or "DOWN", and why."""

    def run(address: str, **fields) -> tuple[str, str]:
        servers, config = tmp_path / "servers.yaml", tmp_path / "checks.yaml"
        servers.write_text(json.dumps({"backends": [{"id": "web", "servers": [{"id": "w1", "address": address}]}]}))
        config.write_text(json.dumps({"defaults": {"interval": "5s", "timeout": "5s", **fields}}))
        code, rows, err = check_once(f"--servers={servers}", f"--config={config}", f"--io={request.param}")
        assert err == "" and len(rows) == 1, err
        assert code == (0 if rows[0][3] == "UP" else 1)
        return rows[0][3], rows[0][5]

    return run


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


def saying(response: bytes):
    """A script that answers a request with these bytes and closes."""

    def script(wire: Wire) -> None:
        wire.read_request()
        wire.send(response)

    return script


def trusting(authority: Authority, name: str = "shop.test", **fields) -> dict:
    return {"server_name": name, "ca": {"inline_string": authority.roots}, **fields}


def test_the_configuration_that_the_page_shows_is_taken(tmp_path: pathlib.Path, authority: Authority) -> None:
    page = (REPOSITORY / "docs/PROBER.md").read_text()
    shown = re.search(r"^```yaml\n(defaults:.*?)^```$", page, re.MULTILINE | re.DOTALL)[1]
    servers, config = tmp_path / "servers.yaml", tmp_path / "checks.yaml"
    servers.write_text("backends: [{id: elsewhere, servers: [{id: e1, address: '127.0.0.1:9'}]}]")  # which is skipped
    config.write_text(shown)
    (tmp_path / "ca.pem").write_text(authority.roots)
    assert check_once(f"--servers={servers}", f"--config={config}") == (0, [], "")


# --- TCP and TLS


def test_tcp(check, tmp_path: pathlib.Path) -> None:
    for host in ("127.0.0.1", "::1", f"unix:{tmp_path}/origin.sock"):
        with ScriptedOrigin(lambda wire: None, host) as origin:
            assert check(origin.address, tcp={}) == ("UP", "connected")
    assert check(closed_port(), tcp={}) == ("DOWN", "connect: refused")
    assert check(f"unix:{tmp_path}/none.sock", tcp={}) == ("DOWN", "connect: no such socket")


def test_another_port_can_be_checked(check) -> None:
    with ScriptedOrigin(lambda wire: None) as origin:
        port = int(origin.address.rpartition(":")[2])
        assert check("127.0.0.1:1", tcp={}, port=port) == ("UP", "connected")


def test_tls(check, authority: Authority) -> None:
    identity = authority.leaf("shop.test", "127.0.0.1")
    with ScriptedOrigin(lambda wire: None, tls=identity.server_context()) as origin:
        assert check(origin.address, tls=trusting(authority)) == ("UP", "connected")
        assert check(origin.address, tls=trusting(authority, "127.0.0.1")) == ("UP", "connected")
        assert check(origin.address, tls={"insecure_skip_verify": True}) == ("UP", "connected")
        state, why = check(origin.address, tls=trusting(authority, "other.test"))
        assert state == "DOWN" and "TLS" in why and "hostname mismatch" in why.lower()
        state, why = check(origin.address, tls=trusting(Authority("Somebody Else")))
        assert state == "DOWN" and "TLS: " in why
        # The system's roots know nothing of it.
        state, why = check(origin.address, tls={"server_name": "shop.test"})
        assert state == "DOWN" and "TLS: " in why
    with ScriptedOrigin(lambda wire: wire.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as origin:
        state, why = check(origin.address, tls={"insecure_skip_verify": True})
        assert state == "DOWN" and "TLS: " in why


def test_tls_asks_for_the_name_and_shows_its_own_certificate(check, authority: Authority) -> None:
    asked = []
    context = authority.leaf("shop.test").server_context()
    context.sni_callback = lambda socket, name, _: asked.append(name)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(cadata=authority.roots)
    own = authority.leaf(subject="probe", for_clients=True)
    shown = {"certificate": {"inline_string": own.chain}, "key": {"inline_string": own.key}}
    with ScriptedOrigin(saying(b"HTTP/1.1 200 OK\r\n\r\n"), tls=context) as origin:
        assert check(origin.address, http={}, tls=trusting(authority, **shown)) == ("UP", "HTTP 200")
        # TLS 1.3 tells a client only after its handshake.
        assert check(origin.address, http={}, tls=trusting(authority))[0] == "DOWN"
    assert set(asked) == {"shop.test"}


# --- HTTP


def test_http_of_nginx(check, bench: Workbench) -> None:
    nginx = Nginx(
        bench,
        """
        location = /ok { add_header X-State open; return 200 "all ready\\n"; }
        location = /gone { return 410; }
        location = /host { return 200 "$http_host $http_user_agent $request_method $http_x_probe\\n"; }
        location = /big { return 200 "$big\\n"; }
        """,
        http="map $host $big { default '%s'; }" % ("x" * 2000),
    )
    assert check(nginx.address, http={"path": "/ok"}) == ("UP", "HTTP 200")
    assert check(nginx.address, http={"path": "/gone"}) == ("DOWN", "HTTP 410, 200-399 wanted")
    assert check(nginx.address, http={"path": "/gone", "status": ["410"]}) == ("UP", "HTTP 410")
    assert check(nginx.address, http={"path": "/ok", "method": "HEAD"}) == ("UP", "HTTP 200")
    assert check(nginx.address, http={"path": "/ok", "body_contains": "ready"})[0] == "UP"
    assert check(nginx.address, http={"path": "/ok", "body_contains": "Ready"}) == (
        "DOWN",
        'HTTP 200, body: "Ready" wanted',
    )
    assert check(nginx.address, http={"path": "/ok", "body_regex": "^all r.*y\\s*$"})[0] == "UP"
    assert check(nginx.address, http={"path": "/ok", "response_headers": [{"name": "x-state", "exact": "open"}]})[0] == "UP"
    assert check(nginx.address, http={"path": "/ok", "response_headers": [{"name": "x-none"}]}) == (
        "DOWN",
        "HTTP 200, field x-none: wanted",
    )
    fields = {"path": "/host", "host": "shop.test:8080", "headers": [{"name": "X-Probe", "value": "yes"}]}
    assert check(nginx.address, http={**fields, "body_contains": "shop.test:8080 fairlead_prober GET yes"})[0] == "UP"
    assert check(nginx.address, http={"path": "/host", "body_contains": nginx.address})[0] == "UP"
    assert check(nginx.address, http={"path": "/big", "body_contains": "x" * 2000})[0] == "UP"


def test_https_of_nginx(check, bench: Workbench, authority: Authority) -> None:
    chain, key = authority.leaf("shop.test").write(bench.directory, "nginx")
    nginx = Nginx(bench, f"ssl_certificate {chain}; ssl_certificate_key {key}; return 200;", listen="ssl http2")
    assert check(nginx.address, http={}, tls=trusting(authority)) == ("UP", "HTTP 200")
    assert check(nginx.address, http={})[0] == "DOWN", "nginx answers 400 in the clear"


@pytest.mark.parametrize(
    "response, expected",
    [
        (b"", "closed without a response"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "no HTTP: "),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nready", "response: "),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "no HTTP: "),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000 + b"\r\n\r\n", "no HTTP: "),
    ],
)
def test_what_is_no_response(check, response: bytes, expected: str) -> None:
    with ScriptedOrigin(saying(response)) as origin:
        state, why = check(origin.address, http={"body_contains": "ready!"})
    assert state == "DOWN" and why.startswith(expected)


def test_bodies_are_read_as_far_as_64_kib(check) -> None:
    head = b"HTTP/1.1 200 OK\r\n\r\n"
    with ScriptedOrigin(saying(head + b"x" * 65_530 + b"ready")) as origin:
        assert check(origin.address, http={"body_contains": "ready"})[0] == "UP"
    with ScriptedOrigin(saying(head + b"x" * 65_536 + b"ready" + b"x" * 100_000)) as origin:
        assert check(origin.address, http={"body_contains": "ready"})[0] == "DOWN"


def test_interim_responses_are_passed_over(check) -> None:
    interim = b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
    with ScriptedOrigin(saying(interim + b"HTTP/1.1 204 No Content\r\n\r\n")) as origin:
        assert check(origin.address, http={}) == ("UP", "HTTP 204")


def silent(wire: Wire) -> None:
    wire.take_rest()


@pytest.mark.parametrize(
    "fields, waits_for",
    [({"http": {}}, "answer"), ({"grpc": {}}, "answer"), ({"tls": {"insecure_skip_verify": True}}, "TLS handshake")],
)
def test_silence_is_a_timeout(check, fields: dict, waits_for: str) -> None:
    with ScriptedOrigin(silent) as origin:
        state, why = check(origin.address, timeout="200ms", **fields)
    assert state == "DOWN" and why.startswith("timeout after 200ms (") and waits_for in why


# --- gRPC


def test_grpc(check) -> None:
    with GrpcHealth({"": SERVING, "search": NOT_SERVING}) as server:
        assert check(server.address, grpc={}) == ("UP", "SERVING")
        assert check(server.address, grpc={"service": "search"}) == ("DOWN", "NOT_SERVING, SERVING wanted")
        assert check(server.address, grpc={"service": "other"}) == ("DOWN", "gRPC NOT_FOUND: unknown service")


def test_grpc_over_tls(check, authority: Authority) -> None:
    identity = authority.leaf("search.test")
    credentials = grpc.ssl_server_credentials([(identity.key.encode(), identity.chain.encode())])
    with GrpcHealth({"": SERVING}, credentials) as server:
        assert check(server.address, grpc={}, tls=trusting(authority, "search.test")) == ("UP", "SERVING")
        assert check(server.address, grpc={}, tls=trusting(authority, "other.test"))[0] == "DOWN"


def test_servers_that_speak_no_grpc(check, bench: Workbench, authority: Authority) -> None:
    with ScriptedOrigin(saying(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")) as origin:
        state, why = check(origin.address, grpc={})
        assert state == "DOWN" and "HTTP/2" in why or "closed" in why
    chain, key = authority.leaf("shop.test").write(bench.directory, "nginx")
    nginx = Nginx(bench, f"ssl_certificate {chain}; ssl_certificate_key {key}; return 404;", listen="ssl http2")
    assert check(nginx.address, grpc={}, tls=trusting(authority)) == ("DOWN", "HTTP 404, 200 wanted")
    plain = Nginx(bench, f"ssl_certificate {chain}; ssl_certificate_key {key}; return 200;", listen="ssl", name="plain")
    state, why = check(plain.address, grpc={}, tls=trusting(authority))
    assert state == "DOWN" and why.startswith("TLS: ")


# --- commands


def script(directory: pathlib.Path, text: str) -> str:
    path = directory / "check"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def test_commands(check, tmp_path: pathlib.Path) -> None:
    assert check("127.0.0.1:80", command={"argv": ["true"]}) == ("UP", "exit code 0")
    assert check("127.0.0.1:80", command={"argv": ["/bin/sh", "-c", "exit 3"]}) == ("DOWN", "exit code 3, 0 wanted")
    assert check("127.0.0.1:80", command={"argv": ["/bin/sh", "-c", "kill -9 $$"]}) == ("DOWN", "killed by signal 9")
    assert check("127.0.0.1:80", command={"argv": ["/nowhere/check"]}) == (
        "DOWN",
        "/nowhere/check: No such file or directory",
    )
    # No shell: what would be one's syntax is an argument.
    assert check("127.0.0.1:80", command={"argv": ["test", "$HOME;a b", "=", "$HOME;a b"]})[0] == "UP"


def test_commands_know_what_they_check(check, tmp_path: pathlib.Path) -> None:
    path = script(tmp_path, f'env | grep ^FAIRLEAD_ | sort > {tmp_path}/env; cat > {tmp_path}/stdin; ls /proc/self/fd > {tmp_path}/fds')
    os.environ["FAIRLEAD_KEY"] = ""
    assert check("[::1]:8080", command={"argv": [path]})[0] == "UP"
    assert (tmp_path / "env").read_text().split() == [
        "FAIRLEAD_ADDRESS=[::1]:8080",
        "FAIRLEAD_BACKEND=web",
        "FAIRLEAD_HOST=::1",
        "FAIRLEAD_PORT=8080",
        "FAIRLEAD_SERVER=w1",
    ]
    assert (tmp_path / "stdin").read_text() == ""
    # ls has the directory open as well.
    assert (tmp_path / "fds").read_text().split() == ["0", "1", "2", "3"]


def is_running(pid: int) -> bool:
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.parametrize("end", ["", "exit 0"])
def test_nothing_of_a_command_outlives_it(check, tmp_path: pathlib.Path, end: str) -> None:
    """Neither what it has left in the background, nor itself at its timeout."""
    tail = f"tail -f /dev/null & echo $! > {tmp_path}/child; echo $$ > {tmp_path}/self; {end or 'wait'}"
    expected = ("UP", "exit code 0") if end else ("DOWN", "timeout after 2s (exit)")
    assert check("127.0.0.1:80", timeout="2s", command={"argv": [script(tmp_path, tail)]}) == expected
    for name in ("child", "self"):
        pid = int((tmp_path / name).read_text())
        wait_until(lambda: not is_running(pid), f"{name} has ended")


def test_commands_that_time_out_again_and_again_leave_no_zombies(bench: Workbench, tmp_path: pathlib.Path) -> None:
    servers = {"backends": [{"id": "web", "servers": [{"id": f"w{i}", "address": "127.0.0.1:80"} for i in range(10)]}]}
    command = {"command": {"argv": ["tail", "-f", "/dev/null"]}}
    prober = Prober(
        bench, "probe-a", config={"defaults": {"interval": "50ms", "timeout": "20ms", **command}}, servers=servers
    )
    wait_until(lambda: prober.metrics()['fairlead_prober_checks_total{result="timeout"}'] > 200, "many timeouts")

    def children() -> list[str]:
        return pathlib.Path(f"/proc/{prober.process.pid}/task/{prober.process.pid}/children").read_text().split()

    wait_until(lambda: len(children()) <= 10, lambda: f"no more children than checks: {children()}")
    assert prober.process.terminate() == 0


# --- up and down and up


def test_each_kind_goes_down_and_up(bench: Workbench, tmp_path: pathlib.Path) -> None:
    flag = tmp_path / "up"
    flag.touch()
    state = {"http": 200}
    with GrpcHealth({"": SERVING}) as health, ScriptedOrigin(
        lambda wire: saying(b"HTTP/1.1 %d X\r\nContent-Length: 0\r\n\r\n" % state["http"])(wire)
    ) as origin:
        kinds = {
            "http": (origin.address, {"http": {}}),
            "grpc": (health.address, {"grpc": {}}),
            "command": ("127.0.0.1:80", {"command": {"argv": ["test", "-e", str(flag)]}}),
        }
        servers = [{"id": k, "servers": [{"id": "s", "address": address}]} for k, (address, _) in kinds.items()]
        config = {
            "defaults": {"interval": "100ms", "timeout": "100ms", "retry_interval": "50ms"},
            "backends": [{"id": kind, "check": fields} for kind, (_, fields) in kinds.items()],
        }
        prober = Prober(bench, "probe-a", config=config, servers={"backends": servers})
        for kind in kinds:
            prober.wait_for(f"{kind}/s", "up")
        state["http"], health.statuses[""] = 500, NOT_SERVING
        flag.unlink()
        for kind in kinds:
            prober.wait_for(f"{kind}/s", "down", "wanted")
        health.statuses[""] = SERVING
        health.hangs.set()
        prober.wait_for("grpc/s", "down", "timeout after 100ms")
        state["http"] = 200
        health.hangs.clear()
        health.released.set()
        flag.touch()
        for kind in kinds:
            prober.wait_for(f"{kind}/s", "up")


def test_ten_thousand_servers(bench: Workbench, start_origin) -> None:
    """By one prober, every ten seconds, each over a connection of its own."""
    origin = start_origin("origin")
    servers = [{"id": f"w{i}", "address": origin.address} for i in range(2_500)]
    backends = [{"id": f"b{i}", "servers": servers} for i in range(4)]
    config = {"defaults": {"interval": "10s", "timeout": "5s", "http": {"path": "/"}}}
    prober = Prober(bench, "probe-a", config=config, servers={"backends": backends})
    up = 'fairlead_prober_share_servers{state="up"}'
    wait_until(lambda: prober.metrics()[up] == 10_000, lambda: f"all are up: {prober.metrics()[up]}", 60)
    assert prober.process.resident_kib() < 128 * 1024
