"""HAProxy's verbs on the health socket (docs/HAPROXY_VERBS.md): what scripts say, what they get, what becomes of it."""

import hashlib
import os
import re
import socket
import subprocess
import threading
import time
from typing import Any

import pytest

from tests.support import configs
from tests.support.certificates import Authority
from tests.support.fairlead import Fairlead
from tests.support.fairleadctl import fairleadctl
from tests.support.hammer import Hammer, assert_no_failure
from tests.support.origin import Origin
from tests.support.processes import Workbench
from tests.support.runtime_api import HAProxy, Interactive, ask, connect, parse_servers_state
from tests.support.waiting import wait_until
from tests.support.wire import get

# Which loop the workers run on has no part in most of these.
IO = "epoll"

SERVERS = ({"id": "w1", "address": "127.0.0.1:9001", "weight": 10}, {"id": "w2", "address": "127.0.0.1:9002", "weight": 10})


@pytest.fixture
def proxy(bench: Workbench) -> Fairlead:
    return Fairlead(bench, IO, flags=("--health_listen=127.0.0.1:0",))


@pytest.fixture(params=["unix", "tcp"])
def address(request: pytest.FixtureRequest, proxy: Fairlead) -> str:
    """Of the socket that takes verbs."""
    use(proxy)
    if request.param == "unix":
        return proxy.health
    return proxy.process.wait_for_line(r"^health listening on (127\.\S+)$")[1]


def use(proxy: Fairlead, *more: dict[str, Any], **fields: Any) -> None:
    with proxy.connect() as control:
        control.replace({"backends": [configs.backend("web", SERVERS), *more], **fields})


def history(proxy: Fairlead) -> list[dict[str, Any]]:
    return fairleadctl(proxy.control, "history", "-o", "json").json()["entries"]


class TestConversation:
    def test_success_is_an_empty_line_and_the_connection_ends(self, proxy: Fairlead, address: str):
        assert ask(address, "set server web/w1 state drain") == "\n"
        assert proxy.server_status("web", "w1")["admin_state"] == "DRAIN"

    def test_verbs_on_one_line_are_answered_one_by_one(self, proxy: Fairlead, address: str):
        answers = ask(address, "set weight web/w1 5; get weight web/w1; set weight web/w9 1;disable server web/w2")
        assert answers == "\n5 (initial 10)\n\nNo such server.\n\n\n"
        assert proxy.server_status("web", "w1")["weight"] == 5
        assert proxy.server_status("web", "w2")["admin_state"] == "MAINT"

    def test_interactive_mode_stays(self, proxy: Fairlead, address: str):
        with Interactive(address) as prompt:
            assert prompt.say("set server web/w1 health down") == ""
            assert proxy.server_status("web", "w1")["health"] == "DOWN"
            assert prompt.say("set server web/w1 health dwon") == (
                "'set server <srv> health' expects 'up', 'stopping', or 'down'.\n"
            )
            assert prompt.say("") == ""
            assert prompt.say("get weight web/w1;get weight web/w2") == "10 (initial 10)\n\n> 10 (initial 10)\n"
            assert prompt.say("report web/w1 up reporter=a") == "ok\n"
            assert prompt.quit() == ""

    def test_a_client_that_says_that_this_was_all_is_answered_too(self, address: str):
        with connect(address) as connection:
            connection.sendall(b"set weight web/w1 5; get weight web/w1\n")
            connection.shutdown(socket.SHUT_WR)
            assert connection.makefile().read() == "\n5 (initial 10)\n\n"

    def test_reporters_on_the_same_socket_are_answered_as_ever(self, proxy: Fairlead, address: str):
        assert proxy.report("report web/w1 up reporter=a", "help")[0] == "ok"

    def test_what_is_not_taken_is_refused_by_name(self, proxy: Fairlead, address: str):
        for line, answer in {
            "show info": 'Unknown command: "show info". Known here: ',
            "set server web/w1 addr 10.0.0.1": "'set server <srv> addr' is not taken here",
            "set server web/w1 state drain now": 'Unexpected "now" after the command.',
            "show servers state nowhere": "Can't find backend.\n",
            "set weight web/w1 65536": "Absolute weight can only be between 0 and 65535 inclusive.\n",
            "set weight web/w1 1000000%": 'backends["web"].servers["w1"].weight: ',
            "set server #1/#1 state drain": "No such backend.\n",
        }.items():
            told = ask(address, line)
            assert told.startswith(answer), told
            assert told.endswith("\n\n")
        assert proxy.status()["revision"] == 1


class TestSocat:
    """As HAProxy's management guide has it in scripts."""

    def socat(self, address: str, text: str) -> str:
        target = f"unix-connect:{address.removeprefix('unix:')}" if address.startswith("unix:") else f"tcp:{address}"
        return subprocess.run(
            ["socat", "-t20", "stdio", target], input=text, capture_output=True, text=True, timeout=60, check=True
        ).stdout

    def test_one_line(self, address: str):
        assert self.socat(address, "set server web/w1 state drain; get weight web/w1\n") == "\n10 (initial 10)\n\n"
        assert parse_servers_state(self.socat(address, "show servers state web\n"))["web/w1"]["srv_admin_state"] == "8"

    def test_several_lines_in_interactive_mode(self, address: str):
        assert self.socat(address, "prompt\nset weight web/w1 5\nget weight web/w1\nquit\n") == (
            "\n> \n> 5 (initial 10)\n\n> "
        )


class TestAsHAProxy:
    """The same words to both: the same answers."""

    @pytest.fixture
    def haproxy(self, bench: Workbench) -> HAProxy:
        return HAProxy(bench, {server["id"]: server["address"] for server in SERVERS})

    @pytest.mark.parametrize(
        "line",
        [
            "set server web/w1 state drain",
            "set server web/w1 state maint; set server web/w1 state ready",
            "set server web/w1 health down; set server web/w1 health stopping; set server web/w1 health up",
            "disable server web/w1; enable server web/w1",
            "set weight web/w1 5; get weight web/w1; set weight web/w1 50%; get weight web/w1",
            "set server web/w1 weight 0%; get weight web/w1; set server web/w1 weight 100%; get weight web/w1",
            "set weight web/w1 33%;get weight web/w1",
            "get weight web/w1;get weight web/w2",
            "set server web/w9 state drain",
            "set server nowhere/w1 state drain",
            "set weight web/w9 5",
            "set weight nowhere/w1 5",
            "get weight web/w9",
            "get weight nowhere/w1",
            "get weight web",
            "set weight web 5",
            "set server web state drain",
            "set server web/w1 state",
            "set server web/w1 state mant",
            "set server web/w1 health",
            "set server web/w1 health dwon",
            "set weight web/w1",
            "set weight web/w1 -5%",
            "show servers state nowhere",
            "disable server web/w9",
            "enable server web",
            "prompt; set weight web/w1 4; get weight web/w1; quit",
            "  set   weight   web/w1   3  ;  get weight web/w1  ",
        ],
    )
    def test_it_answers_the_same(self, proxy: Fairlead, haproxy: HAProxy, line: str):
        use(proxy)
        assert ask(proxy.health, line) == ask(haproxy.address, line)

    @pytest.mark.parametrize("weight", ["heavy", "5x", "5%%"])
    def test_it_says_the_same_of_weights_that_are_none(self, proxy: Fairlead, haproxy: HAProxy, weight: str):
        use(proxy)
        told = ask(proxy.health, f"set weight web/w1 {weight}")
        assert told.endswith("\n\n"), "which these answers lack in old versions of HAProxy"
        assert told.rstrip("\n") == ask(haproxy.address, f"set weight web/w1 {weight}").rstrip("\n")

    def test_show_servers_state_has_the_same_columns_and_neutral_values(self, proxy: Fairlead, haproxy: HAProxy):
        use(proxy)
        # Numbers and times are each one's own.
        own = ["be_id", "srv_time_since_last_change"]
        for line in (
            "show servers state web",
            "set server web/w2 health up",
            "set server web/w1 health down",
            "set server web/w1 health up",
            "set weight web/w2 3",
            "set server web/w1 state drain",
            "set server web/w1 state maint",
            "set server web/w1 state ready",
        ):
            # HAProxy's maintenance sets the counter of checks back.
            if "maint" in line:
                own.append("srv_check_health")
            told = []
            for place in (proxy.health, haproxy.address):
                ask(place, line)
                servers = parse_servers_state(ask(place, "show servers state web"))
                told.append({name: {k: v for k, v in one.items() if k not in own} for name, one in servers.items()})
            assert told[0] == told[1], line


class TestWhatBecomesOfIt:
    def test_it_is_a_revision_that_tells_who_said_what(self, proxy: Fairlead):
        use(proxy)
        assert ask(proxy.health, "set server web/w1 state drain; set weight web/w2 3") == "\n\n"
        weight, drain, *_ = history(proxy)
        assert (drain["comment"], drain["author"]) == ("set server web/w1 state drain", f"unix user {os.geteuid()}")
        assert (weight["comment"], weight["source"], weight["revision"]) == ("set weight web/w2 3", "unix", "3")
        assert fairleadctl(proxy.control, "rollback", "1").code == 0
        assert proxy.server_status("web", "w1")["admin_state"] == "READY"

    def test_health_holds_until_reports_say_otherwise_and_explain_tells(self, proxy: Fairlead):
        use(proxy)
        assert proxy.report("report web/w1 up reporter=probe ttl=1h") == ["ok"]
        proxy.wait_for_health("web", "w1", "UP")
        assert ask(proxy.health, "set server web/w1 health down") == "\n"
        assert proxy.server_status("web", "w1")["health"] == "DOWN"
        told = fairleadctl(proxy.control, "explain", "web/w1").out
        assert re.search(r"^controller +DOWN, said \S+ ago: set server web/w1 health down \(verb-\w+\)$", told, re.M), told
        assert proxy.report("report web/w1 up reporter=probe ttl=1h") == ["ok"]
        proxy.wait_for_health("web", "w1", "UP")
        assert ask(proxy.health, "set server web/w1 health down") == "\n"
        assert proxy.server_status("web", "w1")["health"] == "DOWN"

    def test_the_next_snapshot_replaces_it_and_operations_leave_it(self, proxy: Fairlead):
        use(proxy)
        assert ask(proxy.health, "set server web/w1 state maint; set server web/w2 health down") == "\n\n"
        with proxy.connect() as control:
            control.apply(configs.upsert_server("web", {"id": "w3", "address": "127.0.0.1:9003"}))
        assert proxy.server_status("web", "w1")["admin_state"] == "MAINT"
        assert proxy.server_status("web", "w2")["health"] == "DOWN"
        use(proxy)
        assert proxy.server_status("web", "w1")["admin_state"] == "READY"
        assert proxy.server_status("web", "w2")["health"] == "UNKNOWN"

    def test_it_outlives_the_process_with_a_state_dir(self, bench: Workbench):
        (bench.directory / "state").mkdir(mode=0o700)
        flags = (f"--state_dir={bench.directory}/state",)
        proxy = Fairlead(bench, IO, flags=flags)
        use(proxy)
        lines = "set server web/w1 state drain; set weight web/w2 0%; set server web/w2 health down"
        assert ask(proxy.health, lines) == "\n\n\n"
        assert proxy.process.terminate() == 0
        again = Fairlead(bench, IO, flags=flags, name="again")
        states = parse_servers_state(ask(again.health, "show servers state"))
        assert [states["web/w1"][name] for name in ("srv_op_state", "srv_admin_state", "srv_uweight")] == ["2", "8", "10"]
        assert [states["web/w2"][name] for name in ("srv_op_state", "srv_admin_state", "srv_uweight")] == ["0", "0", "0"]
        # What its weight was is not known any more, and is not guessed.
        assert ask(again.health, "set weight web/w2 100%").startswith("The initial weight of web/w2 is 0")

    def test_scripts_find_servers_by_the_columns_that_they_know(self, proxy: Fairlead):
        use(proxy, configs.backend("api", [{"id": "a1", "address": "[::1]:8080"}]))
        states = parse_servers_state(ask(proxy.health, "show servers state"))
        assert list(states) == ["web/w1", "web/w2", "api/a1"]
        assert (states["api/a1"]["srv_addr"], states["api/a1"]["srv_port"]) == ("::1", "8080")
        assert states["web/w1"]["be_id"] != states["api/a1"]["be_id"]
        assert list(parse_servers_state(ask(proxy.health, "show servers state api"))) == ["api/a1"]


class TestRights:
    TOKEN = "s3cret"

    def scopes(self, *rights: dict[str, Any]) -> dict[str, Any]:
        return {"scopes": [{"id": "all", "identities": [{"unix_uid": 0x7FFFFFFF}], "permissions": [{"kind": "ALL"}]}, *rights]}

    def test_what_a_scope_does_not_allow_is_refused_by_path(self, proxy: Fairlead):
        mine = {"id": "mine", "identities": [{"unix_uid": os.geteuid()}], "permissions": [{"kind": "WEIGHTS", "id_prefix": "web"}]}
        rest = {"id": "rest", "everyone_else": True}
        use(proxy, configs.backend("api", [{"id": "a1", "address": "127.0.0.1:1"}]), **self.scopes(mine, rest))
        assert ask(proxy.health, "set server web/w1 state drain; set weight web/w1 50%; get weight web/w1") == (
            "\n\n5 (initial 10)\n\n"
        )
        denied = "no scope of yours lets you change"
        assert ask(proxy.health, "set weight api/a1 0") == (
            f'Permission denied: backends["api"].servers["a1"]: {denied} it\n\n'
        )
        assert ask(proxy.health, "set server web/w1 health down") == (
            f'Permission denied: health["web/w1"]: {denied} its health\n\n'
        )
        # Over TCP nobody has proved anything.
        tcp = proxy.process.wait_for_line(r"^health listening on (127\.\S+)$")[1]
        assert ask(tcp, "set weight web/w1 1").startswith('Permission denied: backends["web"].servers["w1"]: ')
        assert ask(tcp, "get weight web/w1") == "5 (initial 10)\n\n"

    def test_a_token_is_shown_before(self, proxy: Fairlead):
        digest = hashlib.sha256(self.TOKEN.encode()).hexdigest()
        script = {"id": "script", "identities": [{"token_sha256": digest}], "permissions": [{"kind": "WEIGHTS"}]}
        use(proxy, **self.scopes(script, {"id": "rest", "everyone_else": True}))
        assert ask(proxy.health, "auth wrong", "set weight web/w1 5").startswith("ok\nPermission denied: ")
        assert ask(proxy.health, f"auth {self.TOKEN}", "set weight web/w1 5") == "ok\n\n"
        assert history(proxy)[0]["author"] == f"a token, unix user {os.geteuid()}"

    def test_a_certificate_tells_who_it_is(self, bench: Workbench):
        authority = Authority("Health")
        ca = bench.directory / "ca.pem"
        ca.write_text(authority.roots)
        certificate, key = authority.leaf("127.0.0.1").write(bench.directory, "proxy")
        flags = (f"--health_ca={ca}", f"--health_cert={certificate}", f"--health_key={key}", "--health_listen=127.0.0.1:0")
        proxy = Fairlead(bench, IO, flags=flags)
        script = {"id": "script", "identities": [{"certificate_name": "ops"}], "permissions": [{"kind": "WEIGHTS"}]}
        use(proxy, **self.scopes(script, {"id": "rest", "everyone_else": True}))
        tcp = proxy.process.wait_for_line(r"^health listening on (127\.\S+)$")[1]
        for name, answer in {"ops": "\n", "probe": "Permission denied: "}.items():
            own, own_key = authority.leaf(name, for_clients=True).write(bench.directory, f"client-{name}")
            command = ["openssl", "s_client", "-quiet", "-connect", tcp, "-CAfile", str(ca), "-cert", own, "-key", own_key]
            told = subprocess.run(
                [str(word) for word in command], input="set weight web/w1 5\n", capture_output=True, text=True, timeout=60
            )
            assert told.stdout.startswith(answer), told

    def test_where_there_are_reporters_and_no_scopes_nobody_may(self, proxy: Fairlead):
        reporter = {"id": "probe", "identities": [{"unix_uid": os.geteuid()}], "backends": ["*"]}
        use(proxy, reporters=[reporter])
        for line in ("set server web/w1 state maint", "set weight web/w1 0", "set server web/w1 health down"):
            assert ask(proxy.health, line) == (
                'Permission denied: backends["web"].servers["w1"]: where there are reporters, only scopes let somebody '
                "change it\n\n"
            )
        assert proxy.report("report web/w1 down reporter=probe") == ["ok"]


class TestUnderTraffic:
    """On both loops."""

    @pytest.fixture
    def origins(self, fairlead: Fairlead, start_origin) -> list[Origin]:
        started = [start_origin(name) for name in ("w1", "w2", "w3")]
        with fairlead.connect() as control:
            control.replace(configs.site(*(origin.server(weight=10) for origin in started)))
        return started

    def test_draining_displaces_no_request_and_lets_nothing_new_come(
        self, bench: Workbench, fairlead: Fairlead, origins: list[Origin]
    ):
        hammer = Hammer(bench, fairlead.listener(), "--connections=16", "--path=/delay/20ms")
        drained: list[tuple[str, int, int]] = []
        hammer.wait_for_progress(50)
        for name in ("w1", "w2", "w3", "w1"):
            assert ask(fairlead.health, f"set server web/{name} state drain") == "\n"
            begin = time.monotonic_ns()
            hammer.wait_for_progress(50)
            drained.append((name, begin, time.monotonic_ns()))
            assert ask(fairlead.health, f"set server web/{name} state ready") == "\n"
            hammer.wait_for_progress(20)
        assert_no_failure(hammer.stop())
        exchanges = hammer.exchanges()
        assert {exchange.origin for exchange in exchanges} == {"w1", "w2", "w3"}
        for name, begin, end in drained:
            # Not what was still on its way to the proxy at the end: it may have come after "ready".
            during = [exchange for exchange in exchanges if begin < exchange.start_ns and exchange.end_ns < end]
            assert during
            assert name not in {exchange.origin for exchange in during}

    def test_a_request_that_runs_is_finished(self, fairlead: Fairlead, origins: list[Origin]):
        assert ask(fairlead.health, "set weight web/w2 0%; set server web/w3 state drain") == "\n\n"
        with fairlead.open() as wire:
            wire.send(get("/delay/300ms"))
            wait_until(lambda: origins[0].stats()["requests"] == 1, "w1 has the request")
            lines = "set server web/w1 state drain; set server web/w1 health stopping; set weight web/w1 0"
            assert ask(fairlead.health, f"{lines}; set weight web/w2 100%") == "\n\n\n\n"
            response = wire.read_response()
            assert (response.status, response.body) == (200, b"late\n")
            assert wire.request(get("/")).get("x-origin") == "w2"


class TestFlood:
    def test_bad_verbs_without_end_harm_nobody(self, proxy: Fairlead):
        use(proxy)
        before = proxy.resident_kib()
        line = b"prompt;prompt;set server web/w1 state mant;show info;set weight web/w9 5;show servers state\n" * 200
        over = threading.Event()

        def flood(reads: bool) -> None:
            with connect(proxy.health) as connection:
                connection.settimeout(0.05)
                connection.sendall(b"prompt\n")
                while not over.is_set():
                    try:
                        connection.send(line)
                        while reads and connection.recv(1 << 20):
                            pass
                    except TimeoutError:
                        pass

        floods = [threading.Thread(target=flood, args=(reads,)) for reads in (True, False) * 4]
        for one in floods:
            one.start()
        try:
            for i in range(10):
                begin = time.monotonic()
                health = ("down", "up")[i % 2]
                assert proxy.report(f"report web/w1 {health} reporter=calm ttl=60s") == ["ok"]
                proxy.wait_for_health("web", "w1", health.upper())
                assert ask(proxy.health, f"set weight web/w2 {i}") == "\n"
                assert time.monotonic() - begin < 10
        finally:
            over.set()
            for one in floods:
                one.join()
        assert proxy.server_status("web", "w2")["weight"] == 9
        assert proxy.status()["revision"] == 11
        assert proxy.resident_kib() - before < 16 << 10

    def test_a_client_that_leaves_before_its_answers_leaves_nothing(self, proxy: Fairlead):
        use(proxy)
        for i in range(200):
            with connect(proxy.health) as connection:
                connection.sendall(f"set weight web/w1 {i};show servers state;set weight web/w1 1\n".encode())
        # What they asked for may still be under way, one after another.
        wait_until(
            lambda: ask(proxy.health, "set weight web/w1 7; get weight web/w1") == "\n7 (initial 10)\n\n",
            "the proxy goes on",
        )
