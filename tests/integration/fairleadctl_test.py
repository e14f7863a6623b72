"""The operator's tool: what it says, what it does, and what it ends with."""

import json
import os
import pwd
import signal
import subprocess

import pytest
import yaml

from tests.support import configs
from tests.support.binaries import REPOSITORY, binary
from tests.support.fairlead import Fairlead
from tests.support.fairleadctl import Outcome, fairleadctl
from tests.support.origin import Origin
from tests.support.ports import closed_port
from tests.support.processes import Workbench
from tests.support.waiting import wait_until
from tests.support.wire import get

# The loop has no part in these: one backend is enough.
IO = "epoll"

DONE, REJECTED, USAGE, UNREACHABLE = 0, 1, 2, 3


@pytest.fixture
def proxy(bench: Workbench) -> Fairlead:
    return Fairlead(bench, IO)


@pytest.fixture
def origin(proxy: Fairlead, start_origin) -> Origin:
    started = start_origin("w1")
    with proxy.connect() as control:
        control.replace(configs.site(started.server(weight=100)))
    return started


def write_site(bench: Workbench, *servers: dict, name: str = "site.yaml") -> str:
    path = bench.directory / name
    path.write_text(yaml.safe_dump(configs.site(*servers)))
    return str(path)


class TestApply:
    def test_replaces_everything(self, bench: Workbench, proxy: Fairlead, ctl, start_origin):
        origin = start_origin("w1")
        outcome = ctl("apply", "-f", write_site(bench, origin.server()))
        assert (outcome.code, outcome.err) == (DONE, "")
        assert "revision 1" in outcome.out
        with proxy.open() as wire:
            assert wire.request(get("/")).status == 200

    def test_again_changes_nothing(self, bench: Workbench, proxy: Fairlead, ctl):
        path = write_site(bench, {"id": "w1", "address": "127.0.0.1:9"})
        ctl("apply", "-f", path)
        outcome = ctl("apply", "-f", path)
        assert outcome.code == DONE
        assert proxy.status()["revision"] == 1

    def test_speaks_json_and_yaml(self, bench: Workbench, proxy: Fairlead, ctl):
        applied = ctl("apply", "-f", write_site(bench, {"id": "w1", "address": "127.0.0.1:9"}), "-o", "json").json()
        assert int(applied["revision"]) == 1
        assert applied["fingerprint"] == proxy.status()["fingerprint"]
        again = ctl("apply", "-f", write_site(bench, {"id": "w2", "address": "127.0.0.1:9"}), "--output=yaml")
        assert int(yaml.safe_load(again.out)["revision"]) == 2

    def test_reads_stdin(self, proxy: Fairlead, ctl):
        assert ctl("apply", "-f", "-", stdin="backends: [{id: web}]").code == DONE
        assert [backend["id"] for backend in proxy.status()["backends"]] == ["web"]

    def test_dry_run_changes_nothing(self, bench: Workbench, proxy: Fairlead, ctl):
        outcome = ctl("apply", "--dry_run", "-f", write_site(bench, {"id": "w1", "address": "127.0.0.1:9"}))
        assert outcome.code == DONE
        assert proxy.status()["revision"] == 0

    def test_names_every_fault_of_a_rejected_file(self, bench: Workbench, proxy: Fairlead, ctl, origin: Origin):
        bad = write_site(bench, {"id": "w1", "address": "10.0.0.300:80", "weight": 70_000})
        outcome = ctl("apply", "-f", bad)
        assert outcome.code == REJECTED
        assert 'backends["web"].servers["w1"].address' in outcome.err
        assert '"10.0.0.300:80"' in outcome.err
        assert 'backends["web"].servers["w1"].weight' in outcome.err
        assert proxy.status()["revision"] == 1
        as_json = ctl("apply", "-f", bad, "-o", "json")
        assert as_json.code == REJECTED
        assert len(as_json.json()["violations"]) == 2

    def test_names_the_line_of_an_unknown_key(self, bench: Workbench, proxy: Fairlead, ctl):
        path = bench.directory / "bad.yaml"
        path.write_text("backends:\n  - id: web\n    wieght: 5\n")
        outcome = ctl("apply", "-f", str(path))
        assert outcome.code == USAGE
        assert "wieght" in outcome.err
        assert "bad.yaml:3" in outcome.err
        assert proxy.status()["revision"] == 0

    def test_names_the_line_of_a_repeated_key(self, bench: Workbench, proxy: Fairlead, ctl):
        path = bench.directory / "bad.yaml"
        path.write_text("backends:\n  - id: web\n    servers: []\n    id: other\n")
        outcome = ctl("apply", "-f", str(path))
        assert outcome.code == USAGE
        assert "bad.yaml:4" in outcome.err
        assert '"id"' in outcome.err or "id" in outcome.err

    def test_a_file_that_is_not_there_is_usage(self, ctl):
        outcome = ctl("apply", "-f", "/nowhere.yaml")
        assert (outcome.code, outcome.out) == (USAGE, "")
        assert "/nowhere.yaml" in outcome.err

    @pytest.mark.parametrize("example", ["quickstart.yaml", "routing.yaml"])
    def test_examples_apply_as_they_stand(self, bench: Workbench, proxy: Fairlead, ctl, example: str):
        text = (REPOSITORY / "docs/examples" / example).read_text()
        path = bench.directory / example
        path.write_text(text.replace("127.0.0.1:8080", "127.0.0.1:0"))  # which may be busy here
        assert ctl("apply", "-f", str(path)).code == DONE
        assert len(proxy.status()["backends"]) == 3


class TestDiff:
    def test_ends_with_1_and_shows_what_apply_would_change(
        self, bench: Workbench, proxy: Fairlead, ctl, origin: Origin
    ):
        path = write_site(bench, origin.server(weight=7), {"id": "w2", "address": "127.0.0.1:9"})
        outcome = ctl("diff", "-f", path)
        assert outcome.code == REJECTED
        assert "w2" in outcome.out
        assert "7" in outcome.out
        assert proxy.status()["revision"] == 1

    def test_ends_with_0_without_a_difference(self, bench: Workbench, ctl, origin: Origin):
        outcome = ctl("diff", "-f", write_site(bench, origin.server(weight=100)))
        assert outcome.code == DONE


class TestGet:
    def test_gives_back_what_was_applied(self, proxy: Fairlead, ctl, origin: Origin):
        outcome = ctl("get", "-o", "yaml")
        assert outcome.code == DONE
        told = yaml.safe_load(outcome.out)
        assert told["backends"][0]["servers"] == [origin.server(weight=100)]
        # What get prints, apply takes: nothing changes.
        assert ctl("apply", "-f", "-", stdin=outcome.out).code == DONE
        assert proxy.status()["revision"] == 1

    def test_shows_one_kind_as_a_table(self, ctl, origin: Origin):
        outcome = ctl("get", "servers", "web")
        assert outcome.code == DONE
        header, row = outcome.out.splitlines()[:2]
        assert origin.address in row
        # People find columns by their heads: a value begins where its head does.
        column = header.split().index(next(word for word in header.split() if "ADDRESS" in word.upper()))
        assert row.index(origin.address) == header.index(header.split()[column])

    def test_what_is_not_there_is_1(self, ctl, origin: Origin):
        assert ctl("get", "backends", "nowhere").code == REJECTED

    def test_a_kind_that_is_none_is_usage(self, ctl, origin: Origin):
        assert ctl("get", "bananas").code == USAGE


class TestStatus:
    def test_shows_health_why_and_by_whom(self, proxy: Fairlead, ctl, origin: Origin):
        proxy.report('report web/w1 down reporter=probe-a reason="503 Busy"')
        proxy.wait_for_health("web", "w1", "DOWN")
        outcome = ctl("status")
        assert outcome.code == DONE
        for word in ("w1", "DOWN", "probe-a", "503 Busy", proxy.listener()):
            assert word in outcome.out

    def test_speaks_json(self, ctl, origin: Origin):
        servers = ctl("status", "web", "-o", "json").json()["servers"]
        assert [(server["backend"], server["server"]) for server in servers] == [("web", "w1")]

    def test_of_a_backend_that_is_not_there_is_1(self, ctl, origin: Origin):
        assert ctl("status", "nowhere").code == REJECTED


class TestServer:
    def test_is_added_weighed_drained_maintained_made_ready_and_removed(self, proxy: Fairlead, ctl, origin: Origin):
        assert ctl("server", "add", "web/w2", origin.address, "--weight=50", "--label=rack=12").code == DONE
        added = proxy.server_status("web", "w2")
        assert (added["weight"], added["address"], added["admin_state"]) == (50, origin.address, "READY")
        assert ctl("server", "weight", "web/w2", "7").code == DONE
        assert proxy.server_status("web", "w2")["weight"] == 7
        for command, state in (("drain", "DRAIN"), ("maint", "MAINT"), ("ready", "READY")):
            assert ctl("server", command, "web/w2").code == DONE
            status = proxy.server_status("web", "w2")
            assert (status["admin_state"], status["weight"]) == (state, 7)
        # Its label has outlived all that.
        assert yaml.safe_load(ctl("get", "servers", "web", "-o", "yaml").out)
        assert "rack" in ctl("get", "-o", "json").out
        assert ctl("server", "remove", "web/w2").code == DONE
        assert [server["id"] for server in proxy.status()["backends"][0]["servers"]] == ["w1"]

    def test_several_change_in_one_transaction(self, proxy: Fairlead, ctl, origin: Origin):
        ctl("server", "add", "web/w2", "127.0.0.1:9")
        before = proxy.status()["revision"]
        assert ctl("server", "drain", "web/w1", "web/w2").code == DONE
        assert proxy.status()["revision"] == before + 1

    def test_dry_run_changes_nothing(self, proxy: Fairlead, ctl, origin: Origin):
        assert ctl("server", "drain", "web/w1", "--dry_run").code == DONE
        assert proxy.status()["revision"] == 1

    @pytest.mark.parametrize(
        "arguments",
        [
            ("remove", "web/w9"),
            ("weight", "web/w9", "5"),
            ("drain", "nowhere/w1"),
            ("weight", "web/w1", "70000"),
            ("add", "web/w2", "10.0.0.300:80"),
            ("add", "nowhere/w2", "127.0.0.1:9"),
            ("add", "web/w1", "127.0.0.1:9"),
        ],
    )
    def test_what_can_not_be_is_refused(self, proxy: Fairlead, ctl, origin: Origin, arguments: tuple[str, ...]):
        outcome = ctl("server", *arguments)
        assert outcome.code in (REJECTED, USAGE)
        assert outcome.err
        assert proxy.status()["revision"] == 1

    @pytest.mark.parametrize(
        "arguments", [(), ("drain",), ("explode", "web/w1"), ("weight", "web/w1"), ("weight", "web/w1", "heavy")]
    )
    def test_a_bad_command_line_is_usage(self, ctl, origin: Origin, arguments: tuple[str, ...]):
        outcome = ctl("server", *arguments)
        assert outcome.code == USAGE
        assert outcome.err


class TestHealthReport:
    def test_takes_a_server_out_and_brings_it_back(self, proxy: Fairlead, ctl, origin: Origin):
        outcome = ctl("health", "report", "web/w1", "down", "--ttl=10s", "--reporter=probe-a", "--reason=no answer")
        assert outcome.code == DONE
        status = proxy.wait_for_health("web", "w1", "DOWN")
        assert (status["decided_by"], status["reason"]) == ("probe-a", "no answer")
        assert ctl("health", "report", "web/w1", "up", "--reporter=probe-a").code == DONE
        proxy.wait_for_health("web", "w1", "UP")
        assert ctl("health", "report", "web/w1", "unknown", "--reporter=probe-a").code == DONE
        proxy.wait_for_health("web", "w1", "UNKNOWN")

    def test_for_a_server_that_is_not_there_is_1(self, ctl, origin: Origin):
        outcome = ctl("health", "report", "web/w9", "down")
        assert outcome.code == REJECTED
        assert "no such server" in outcome.err

    def test_of_a_state_that_is_none_is_usage(self, ctl, origin: Origin):
        assert ctl("health", "report", "web/w1", "sideways").code == USAGE


class TestWatch:
    def test_shows_changes_as_they_happen_until_ctrl_c(self, bench: Workbench, proxy: Fairlead, origin: Origin):
        watch = bench.start([binary("fairleadctl"), "watch", f"--address={proxy.control}", "-o", "json"], "watch")
        wait_until(lambda: "w1" in watch.stdout(), "the first report")
        with proxy.connect() as control:
            control.apply(configs.upsert_server("web", origin.server(weight=4321)))
        wait_until(lambda: "4321" in watch.stdout(), "the change")
        watch.send_signal(signal.SIGINT)
        assert watch.wait_exit() in (DONE, -signal.SIGINT)

    def test_tells_people_in_a_line_each(self, bench: Workbench, proxy: Fairlead, origin: Origin):
        watch = bench.start([binary("fairleadctl"), "watch", f"--address={proxy.control}"], "watch")
        # It has begun once a change shows: repeat one until then.
        weights = iter(range(1, 10_000))

        def shows() -> bool:
            with proxy.connect() as control:
                control.apply(configs.upsert_server("web", origin.server(weight=next(weights))))
            return "w1" in watch.stdout()

        wait_until(shows, "a change is shown")
        proxy.report('report web/w1 down reporter=probe reason="no answer"')
        wait_until(lambda: "DOWN" in watch.stdout(), "the new health is shown")


def test_nobody_there_is_3():
    outcome = fairleadctl(closed_port(), "status", "--timeout=1s")
    assert (outcome.code, outcome.out) == (UNREACHABLE, "")
    assert outcome.err


def test_another_server_is_told_from_a_proxy(proxy: Fairlead, origin: Origin):
    outcome = fairleadctl(proxy.listener(), "status")
    assert outcome.code == UNREACHABLE
    assert "what answers there is no control socket of Fairlead's" in outcome.err


def test_the_author_is_known_without_a_variable(proxy: Fairlead, origin: Origin):
    name = pwd.getpwuid(os.geteuid()).pw_name
    command = ["env", "-u", "USER", binary("fairleadctl"), f"--address={proxy.control}", "server", "drain", "web/w1"]
    subprocess.run(command, check=True, timeout=60)
    assert json.loads(fairleadctl(proxy.control, "history", "-o", "json").out)["entries"][0]["author"] == name


def test_no_address_is_usage():
    assert fairleadctl("", "status").code == USAGE


@pytest.mark.parametrize("arguments", [(), ("nonsense",), ("status", "--nonsense"), ("status", "-o", "xml")])
def test_a_bad_command_line_is_usage_and_says_so(proxy: Fairlead, arguments: tuple[str, ...]):
    outcome = fairleadctl(proxy.control, *arguments)
    assert outcome.code == USAGE
    assert outcome.err
    assert len((outcome.out + outcome.err).splitlines()) <= 26


def test_help_fits_a_screen_and_every_command_has_an_example():
    outcome = fairleadctl("", "--help")
    assert outcome.code == DONE
    assert len(outcome.out.splitlines()) <= 24
    for command in ("apply", "diff", "get", "status", "watch", "server", "health"):
        told: Outcome = fairleadctl("", command, "--help")
        assert told.code == DONE
        assert "Example: fairleadctl " + command in told.out


@pytest.mark.parametrize("program", ["fairlead", "fairleadctl", "controlplane_mock"])
def test_every_program_tells_its_version_and_a_help_that_fits_a_screen(bench: Workbench, program: str):
    version = bench.start([binary(program), "--version"], f"{program}-version")
    assert version.wait_exit() == 0
    assert version.stdout().strip()
    told = bench.start([binary(program), "--help"], f"{program}-help")
    assert told.wait_exit() == 0
    assert len(told.stdout().splitlines()) <= 24
    wrong = bench.start([binary(program), "--nonsense"], f"{program}-wrong")
    assert wrong.wait_exit() == 2
    assert "--nonsense" in wrong.stderr()


def test_json_of_a_snapshot_is_taken_too(proxy: Fairlead, bench: Workbench):
    path = bench.directory / "site.json"
    path.write_text(json.dumps(configs.site({"id": "w1", "address": "127.0.0.1:9"})))
    assert fairleadctl(proxy.control, "apply", "-f", str(path)).code == DONE
    assert proxy.status()["revision"] == 1
