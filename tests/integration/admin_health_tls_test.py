"""The admin and health sockets by TLS, with certificates on both sides."""

import http.client
import json
import pathlib
import socket
import ssl
import subprocess

import pytest

from tests.support import configs
from tests.support.binaries import binary
from tests.support.certificates import Authority, Identity
from tests.support.control_session import ControlSession
from tests.support.processes import Workbench
from tests.support.waiting import wait_until


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority("Operations")


@pytest.fixture(scope="module")
def client(authority: Authority) -> Identity:
    return authority.leaf("prometheus", for_clients=True)


def flags(directory: pathlib.Path, authority: Authority, *prefixes: str) -> list[str]:
    ca = directory / "ops-ca.pem"
    ca.write_text(authority.roots)
    chain, key = authority.leaf("127.0.0.1").write(directory, "ops")
    return [
        flag
        for prefix in prefixes
        for flag in (f"--{prefix}_ca={ca}", f"--{prefix}_cert={chain}", f"--{prefix}_key={key}")
    ]


class Sockets:
    """A proxy whose admin and health sockets speak TLS."""

    def __init__(self, bench: Workbench, authority: Authority, host: str = "127.0.0.1"):
        self.directory = bench.directory
        self.process = bench.start(
            [
                binary("fairlead"),
                "--workers=1",
                f"--control_listen=unix:{bench.directory}/control",
                f"--admin_listen={host}:0",
                f"--health_listen={host}:0,unix:{bench.directory}/health",
                *flags(bench.directory, authority, "admin", "health"),
            ],
            "fairlead",
        )
        self.admin = int(self.process.wait_for_line(r"^admin listening on \S+:(\d+)$")[1])
        self.health = int(self.process.wait_for_line(r"^health listening on \S+:(\d+)$")[1])
        self.control = self.process.wait_for_line(r"^control listening on (\S+)$")[1]

    def get(self, path: str, context: ssl.SSLContext) -> tuple[int, bytes]:
        connection = http.client.HTTPSConnection("127.0.0.1", self.admin, context=context, timeout=20)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def told(self, text: str) -> None:
        wait_until(lambda: text in self.process.stderr(), lambda: f"{text!r} in {self.process.stderr()!r}")


@pytest.fixture
def sockets(bench: Workbench, authority: Authority) -> Sockets:
    return Sockets(bench, authority)


def test_pages_are_for_who_is_signed(sockets: Sockets, authority: Authority, client: Identity):
    context = authority.client_context(identity=client)
    status, body = sockets.get("/status", context)
    assert (status, json.loads(body)["revision"]) == (200, 0)
    status, body = sockets.get("/metrics", context)
    assert status == 200
    assert b"fairlead_build_info" in body
    assert sockets.get("/nowhere", context)[0] == 404


@pytest.mark.parametrize(
    ("who", "said"),
    [
        ("nobody", "admin: TLS handshake failed: "),
        ("a stranger", "admin: TLS handshake failed: "),
        ("plain", "admin: TLS handshake failed: "),
    ],
)
def test_others_get_no_page(sockets: Sockets, authority: Authority, client: Identity, who: str, said: str):
    if who == "plain":
        with socket.create_connection(("127.0.0.1", sockets.admin), timeout=20) as plain:
            plain.sendall(b"GET /status HTTP/1.0\r\n\r\n")
            answer = b""
            try:
                while data := plain.recv(4096):
                    answer += data
            except ConnectionResetError:
                pass
            assert b"HTTP" not in answer
    else:
        shown = Authority("Stranger").leaf("prometheus", for_clients=True) if who == "a stranger" else None
        with pytest.raises((ssl.SSLError, ConnectionError, http.client.RemoteDisconnected)):
            sockets.get("/status", authority.client_context(identity=shown))
    sockets.told(said)
    assert sockets.get("/live", authority.client_context(identity=client))[0] == 200


def report(sockets: Sockets, context: ssl.SSLContext, *lines: str) -> list[str]:
    with socket.create_connection(("127.0.0.1", sockets.health), timeout=20) as plain:
        with context.wrap_socket(plain, server_hostname="127.0.0.1") as wrapped:
            wrapped.sendall("".join(f"{line}\n" for line in lines).encode())
            answers = wrapped.makefile()
            return [answers.readline().rstrip("\n") for _ in lines]


def test_reports_of_health_come_by_tls(sockets: Sockets, authority: Authority, client: Identity):
    with ControlSession(sockets.control) as control:
        control.replace(configs.site({"id": "w1", "address": "127.0.0.1:1"}))
    context = authority.client_context(identity=client)
    assert report(sockets, context, "report web/w1 down ttl=60s reporter=a", "nonsense")[0] == "ok"

    def is_down() -> bool:
        status = json.loads(sockets.get("/status", context)[1])
        return status["backends"][0]["servers"][0]["health"] == "DOWN"

    wait_until(is_down, "w1 is DOWN")
    with pytest.raises((ssl.SSLError, ConnectionError)):
        assert report(sockets, authority.client_context(), "report web/w1 up ttl=60s reporter=a") != ["ok"]
        raise ConnectionError("it was not taken")
    sockets.told("health: TLS handshake failed: ")
    # The unix socket is this machine's own.
    with socket.socket(socket.AF_UNIX) as local:
        local.connect(f"{sockets.directory}/health")
        local.sendall(b"report web/w1 up ttl=60s reporter=a\n")
        assert local.recv(100) == b"ok\n"


def test_beyond_loopback_they_need_it(bench: Workbench, authority: Authority, client: Identity):
    sockets = Sockets(bench, authority, host="0.0.0.0")
    assert sockets.get("/live", authority.client_context(identity=client))[0] == 200


@pytest.mark.parametrize(
    ("flag", "said"),
    [
        ("--admin_listen=0.0.0.0:0", "give --admin_ca, --admin_cert and --admin_key"),
        ("--health_listen=[::]:0", "give --health_ca, --health_cert and --health_key"),
    ],
)
def test_beyond_loopback_in_the_clear_they_are_refused(bench: Workbench, flag: str, said: str):
    command = [binary("fairlead"), "--workers=1", f"--control_listen=unix:{bench.directory}/control", flag]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert result.returncode != 0
    assert said in result.stderr


def test_admin_may_be_opened_on_purpose(bench: Workbench):
    process = bench.start(
        [
            binary("fairlead"),
            "--workers=1",
            f"--control_listen=unix:{bench.directory}/control",
            "--admin_listen=0.0.0.0:0",
            "--insecure_admin=on",
        ],
        "fairlead",
    )
    port = int(process.wait_for_line(r"^admin listening on 0\.0\.0\.0:(\d+)$")[1])
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("GET", "/live")
    assert connection.getresponse().status == 200


def test_new_certificates_are_taken_without_a_restart(
    bench: Workbench, sockets: Sockets, authority: Authority, client: Identity
):
    successor = Authority("Successor")
    context = ssl.create_default_context(cadata=successor.roots)
    client.load_into(context)
    with pytest.raises(ssl.SSLError):
        sockets.get("/live", context)
    renewed = successor.leaf("127.0.0.1")
    for name, text in (("ops.key", renewed.key), ("ops.pem", renewed.chain)):
        (bench.directory / "renewed").write_text(text)
        (bench.directory / "renewed").rename(bench.directory / name)

    def is_served() -> bool:
        try:
            return sockets.get("/live", context)[0] == 200
        except ssl.SSLError:
            return False

    wait_until(is_served, "the new certificate is shown")
