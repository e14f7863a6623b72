"""--state_dir: what was applied is served again after a restart, before anybody is asked."""

import pathlib
import re
import shutil
import socket

import pytest

from tests.support import api, configs
from tests.support.binaries import binary
from tests.support.certificates import Authority
from tests.support.fairlead import Fairlead
from tests.support.fairleadctl import fairleadctl
from tests.support.origin import Origin
from tests.support.ports import closed_port
from tests.support.processes import Process, Workbench
from tests.support.waiting import wait_until
from tests.support.wire import get

# Which loop the workers run on has no part in these.
IO = "epoll"


class Site:
    """A proxy that saves, and can be started again; its listener "web" is on a port of its own."""

    def __init__(self, bench: Workbench):
        self.bench = bench
        self.directory = bench.directory / "state"
        self.directory.mkdir(mode=0o700)
        self.address = closed_port()
        self.proxy = self.start()

    def start(self, *flags: str, **options) -> Fairlead:
        self.proxy = Fairlead(self.bench, IO, flags=(f"--state_dir={self.directory}", *flags), **options)
        return self.proxy

    def restart(self, *flags: str) -> Fairlead:
        """kill -9, and again."""
        self.proxy.process.kill()
        return self.start(*flags)

    def config(self, *servers: configs.Fields) -> configs.Fields:
        return configs.site(*servers, http={"address": self.address})

    def fails_to_start(self, *flags: str) -> str:
        """What a proxy that does not come up says."""
        process = Process(
            [binary("fairlead"), "--control_listen=127.0.0.1:0", f"--state_dir={self.directory}", *flags],
            self.bench.directory,
            f"failing-{len(self.bench.processes)}",
        )
        self.bench.processes.append(process)
        assert process.wait_exit() == 1
        return process.stderr()


@pytest.fixture
def site(bench: Workbench) -> Site:
    return Site(bench)


class TestRestart:
    def test_serves_what_was_applied_and_says_so_in_hello(self, site: Site, start_origin):
        origin: Origin = start_origin("w1")
        with site.proxy.connect() as control:
            applied = control.replace(site.config(origin.server(weight=5)), leader_epoch=7)
            assert (applied.revision, applied.saved) == (1, True)
            applied = control.apply({"upsert_server": {"backend": "web", "server": origin.server(weight=6)}})
            assert (applied.revision, applied.saved) == (2, True)
            applied = control.apply(configs.set_health("web", "w1", "UP", "by hand"))
            assert (applied.revision, applied.saved) == (3, True)
            before = control.get()
        proxy = site.restart()
        with proxy.open() as wire:
            assert wire.request(get("/")).status == 200
        with proxy.connect() as control:
            assert (control.hello.revision, control.hello.fingerprint) == (3, applied.fingerprint)
            assert control.hello.leader_epoch == 7
            assert control.get().config == before.config
            assert proxy.server_status("web", "w1")["reason"] == "by hand"
            after = control.apply({"remove_server": {"backend": "web", "server": "w1"}})
            assert (after.revision, after.saved) == (4, True)
        assert f"state: {site.directory}: serving revision 3" in proxy.process.stderr()

    def test_a_deposed_leader_stays_deposed(self, site: Site):
        with site.proxy.connect() as control:
            control.replace(site.config(), leader_epoch=3)
            control.reject({"remove_server": {"backend": "none", "server": "none"}}, leader_epoch=9)
            control.apply({"remove_listener": "web"})  # so that what was before it is saved, too
        with site.restart().connect() as control:
            assert control.hello.leader_epoch == 9
            rejected = control.reject({"remove_route_table": "main"}, leader_epoch=8)
            assert api.transaction.Violation.Code.Name(rejected.violations[0].code) == "STALE_LEADER_EPOCH"

    def test_a_transaction_that_is_sent_again_gets_its_first_answer(self, site: Site):
        with site.proxy.connect() as control:
            control.replace(site.config())
            first = control.apply({"remove_listener": "web"}, id="once")
        with site.restart().connect() as control:
            again = control.apply({"remove_listener": "web"}, id="once")
            assert (again.revision, again.fingerprint) == (first.revision, first.fingerprint)
            rejected = control.reject({"remove_route_table": "main"}, id="once")
            assert api.transaction.Violation.Code.Name(rejected.violations[0].code) == "ID_REUSED"

    def test_an_empty_state_is_saved_and_its_number_goes_on(self, site: Site):
        with site.proxy.connect() as control:
            control.replace(site.config())
            control.replace({})
        with site.restart().connect() as control:
            assert control.hello.revision == 2
            assert control.replace(site.config()).revision == 3

    def test_a_restart_of_a_restart_loses_nothing(self, site: Site):
        with site.proxy.connect() as control:
            control.replace(site.config())
        for expected in range(1, 6):
            with site.restart().connect() as control:
                assert control.hello.revision == expected
                server = {"id": f"w{expected}", "address": "127.0.0.1:9"}
                assert control.apply(configs.upsert_server("web", server)).revision == expected + 1

    def test_ends_well_too(self, site: Site):
        with site.proxy.connect() as control:
            control.replace(site.config())
        assert site.proxy.process.terminate() == 0
        with site.start().connect() as control:
            assert control.hello.revision == 1


    def test_what_reporters_said_lives_on_as_long_as_it_would_have(self, site: Site):
        with site.proxy.connect() as control:
            control.replace(site.config({"id": "w1", "address": "127.0.0.1:9"}))
        said = "report web/w1 down ttl=60s reporter=probe-a incarnation=2 seq=5 reason=refused"
        assert site.proxy.report(said) == ["ok"]
        wait_until(lambda: (site.directory / "votes").exists(), "it is saved")
        proxy = site.restart()
        status = proxy.server_status("web", "w1")
        assert (status["health"], status["decided_by"], status["reason"]) == ("DOWN", "probe-a", "refused")
        assert 0 < status["expires_in_ms"] < 60_000
        (answer,) = proxy.report(said)
        assert "stale" in answer

    def test_a_fail_safe_goes_on_with_what_it_counted(self, site: Site):
        servers = [{"id": f"w{number}", "address": "127.0.0.1:9"} for number in (1, 2)]
        with site.proxy.connect() as control:
            control.replace(configs.site(*servers, health={"fail_safe": {"max_share": 0.5, "within": "3600s"}}))
        for name in ("w1", "w2"):
            assert site.proxy.report(f"report web/{name} down ttl=1h reporter=confused") == ["ok"]
        votes = site.directory / "votes"
        wait_until(lambda: votes.exists() and b"w2" in votes.read_bytes(), "both are saved")
        proxy = site.restart()
        assert proxy.server_status("web", "w1")["health"] == "DOWN"
        held = proxy.server_status("web", "w2")
        assert (held["health"], held["reason"]) == ("UNKNOWN", "held by fail_safe, would be DOWN")
        assert proxy.metrics()['fairlead_backend_fail_safe{backend="web"}'] == 1


def lose_the_last_byte(path: pathlib.Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


class TestHistory:
    @pytest.fixture
    def told(self, site: Site) -> dict[str, str]:
        """What is told of three revisions before a crash."""
        with site.proxy.connect() as control:
            control.replace(site.config({"id": "w1", "address": "127.0.0.1:9"}), comment="the first")
            control.apply({"remove_listener": "web"}, author="anna", comment="no more web")
            control.apply({"remove_server": {"backend": "web", "server": "w1"}}, comment="nor w1")
        return self.tell(site.proxy)

    @staticmethod
    def tell(proxy: Fairlead) -> dict[str, str]:
        commands = ("history -o json", "diff 1 2", "diff 2 3", "get --revision=1 -o yaml", "get --revision=2 -o yaml")
        told = {command: fairleadctl(proxy.control, *command.split()).out for command in commands}
        assert all(told.values())
        told["history -o json"] = told["history -o json"].replace('"restored": true', '"restored": false')
        return told

    def test_is_told_as_before(self, site: Site, told: dict[str, str]):
        proxy = site.restart()
        assert self.tell(proxy) == told
        lines = fairleadctl(proxy.control, "history").out.splitlines()[1:]
        assert [line.split()[0] for line in lines] == ["3", "2", "1"]
        assert all("restored" in line for line in lines)
        assert "anna" in lines[1] and "no more web" in lines[1]

    def test_leads_back_to_what_was_before_the_crash(self, site: Site, told: dict[str, str]):
        proxy = site.restart()
        outcome = fairleadctl(proxy.control, "rollback", "1")
        assert (outcome.code, outcome.err) == (0, "")
        first = fairleadctl(proxy.control, "history", "-o", "json").json()["entries"][-1]
        with site.restart().connect() as control:
            assert (control.hello.revision, control.hello.fingerprint) == (4, first["fingerprint"])
        newest = fairleadctl(site.proxy.control, "history").out.splitlines()[1]
        assert newest.split()[0] == "4" and "back to 1" in newest
        assert fairleadctl(site.proxy.control, "rollback", "3").code == 0

    def test_outlives_the_files_that_said_it(self, site: Site, told: dict[str, str]):
        for name in ("state-a", "state-b"):
            site.proxy.process.kill()
            lose_the_last_byte(site.directory / name)
            proxy = site.start()
            wait_until(lambda: proxy.metrics()["fairlead_state_good_copies"] == 2, "both are good again")
        assert self.tell(proxy) == told
        assert self.tell(site.restart()) == told
        assert (site.directory / "history").stat().st_mode & 0o777 == 0o600

    def test_that_is_damaged_costs_history_alone(self, site: Site, told: dict[str, str]):
        self.test_outlives_the_files_that_said_it(site, told)
        site.proxy.process.kill()
        (site.directory / "history").write_bytes(b"garbage")
        proxy = site.start()
        with proxy.connect() as control:
            assert control.hello.revision == 3
            assert control.apply({"remove_route_table": "main"}).saved
        said = "history: it does not begin as a file of state does: older revisions may be forgotten"
        assert said in proxy.process.stderr()
        lines = fairleadctl(proxy.control, "history").out.splitlines()[1:]
        assert [line.split()[0] for line in lines] == ["4", "3"]
        assert fairleadctl(proxy.control, "rollback", "3").code == 0
        assert fairleadctl(proxy.control, "rollback", "2").code == 1
        assert (site.directory / "history.damaged").read_bytes() == b"garbage"

    def test_that_cannot_be_written_keeps_nothing_else_from_being(self, site: Site, told: dict[str, str]):
        site.proxy.process.kill()
        (site.directory / "history").mkdir()
        (site.directory / "history" / "file").write_bytes(b"")
        (site.directory / "history.damaged").write_bytes(b"")  # so that it can't be put aside
        lose_the_last_byte(site.directory / "state-a")
        proxy = site.start()
        wait_until(lambda: proxy.metrics()["fairlead_state_good_copies"] == 2, "both are good again")
        assert proxy.metrics()["fairlead_state_write_errors_total"] > 0
        assert f"state: {site.directory}/history: is no file: older revisions may be forgotten" in proxy.process.stderr()
        assert f"state: {site.directory}/history: rename: " in proxy.process.stderr()
        with proxy.connect() as control:
            assert control.apply({"remove_route_table": "main"}).saved

    def test_tells_no_keys(self, site: Site):
        authority = Authority()
        with site.proxy.connect() as control:
            control.replace({"certificates": [authority.leaf("a.test").resource("web")]})
            control.apply({"upsert_certificate": authority.leaf("b.test").resource("web")})
            control.apply({"remove_certificate": "web"})
        proxy = site.restart()
        told = self.tell(proxy)
        assert "BEGIN CERTIFICATE" in told["get --revision=1 -o yaml"]
        assert not any("PRIVATE KEY" in text for text in told.values())
        assert fairleadctl(proxy.control, "rollback", "1").code == 0


class TestTrial:
    def test_a_revision_on_trial_is_changed_back_by_a_restart(self, site: Site):
        with site.proxy.connect() as control:
            before = control.replace(site.config({"id": "w1", "address": "127.0.0.1:9"}))
            control.apply({"remove_listener": "web"}, confirm_within="86400s", id="bold")
            control.apply(configs.set_health("web", "w1", "DOWN", "it is"))  # later words stand
        proxy = site.restart()
        with proxy.connect() as control:
            assert control.hello.revision == 4
            assert control.hello.fingerprint != before.fingerprint  # for the word
            assert [listener.id for listener in control.get().config.listeners] == ["web"]
            assert proxy.server_status("web", "w1")["health"] == "DOWN"
            control.apply(configs.set_health("web", "w1", "UNKNOWN"))
            assert control.get().fingerprint == before.fingerprint
        assert "revision 2 was on trial when the proxy ended: it is changed back" in proxy.process.stderr()
        with site.restart().connect() as control:
            assert control.hello.revision == 5

    def test_what_was_confirmed_stands(self, site: Site):
        with site.proxy.connect() as control:
            control.replace(site.config())
            control.apply({"remove_listener": "web"}, confirm_within="86400s", id="bold")
            control.send(confirm=api.control.Confirm(transaction_id="bold"))
            confirmed = control.receive("confirmed")
            assert (confirmed.revision, confirmed.saved) == (2, True)
        with site.restart().connect() as control:
            assert control.hello.revision == 2
            assert not control.get().config.listeners

    def test_what_was_changed_back_in_time_stays_so(self, site: Site):
        with site.proxy.connect() as control:
            control.replace(site.config())
            control.apply({"remove_listener": "web"}, confirm_within="1s", id="bold")
            wait_until(lambda: control.get().revision == 3, "it is changed back")
            control.apply({"remove_listener": "web"})
        with site.restart().connect() as control:
            assert control.hello.revision == 4
            assert not control.get().config.listeners


class TestDirectory:
    def test_that_is_not_there_is_refused(self, site: Site):
        site.proxy.process.kill()
        assert "no such directory; make it, with mode 0700" in site.fails_to_start(f"--state_dir={site.directory}/no")

    def test_that_others_can_write_to_is_refused(self, site: Site):
        site.proxy.process.kill()
        site.directory.chmod(0o770)
        assert "others can write to it: want mode 0700" in site.fails_to_start()

    def test_that_another_process_holds_is_refused_with_its_number(self, site: Site):
        assert f"another process holds it: {site.proxy.process.pid}" in site.fails_to_start()

    def test_keeps_secrets_from_others(self, site: Site):
        with site.proxy.connect() as control:
            control.replace(site.config())
        for name in ("state-a", "state-b", "lock"):
            assert (site.directory / name).stat().st_mode & 0o777 == 0o600

    def test_of_a_later_version_is_refused(self, site: Site):
        site.proxy.process.kill()
        text = (pathlib.Path(__file__).parent / "state_of_a_later_version.bin").read_bytes()
        (site.directory / "state-a").write_bytes(text)
        said = site.fails_to_start()
        assert "state-a: it is of version 2, and this program reads version 1 alone" in said
        assert (site.directory / "state-a").read_bytes() == text


class TestDamage:
    def test_in_one_file_costs_nothing(self, site: Site):
        with site.proxy.connect() as control:
            control.replace(site.config())
            control.apply({"remove_listener": "web"})
        for name in ("state-a", "state-b"):
            site.proxy.process.kill()
            path = site.directory / name
            text = bytearray(path.read_bytes())
            text[len(text) // 2] ^= 1
            path.write_bytes(text)
            proxy = site.start()
            with proxy.connect() as control:
                assert control.hello.revision == 2
            assert f"state: {path}: damaged" in proxy.process.stderr()
            wait_until(lambda: proxy.metrics()["fairlead_state_good_copies"] == 2, "both are good again")

    def test_in_both_begins_with_nothing_and_says_so(self, site: Site):
        with site.proxy.connect() as control:
            control.replace(site.config())
        site.proxy.process.kill()
        for name in ("state-a", "state-b"):
            (site.directory / name).write_bytes(b"garbage")
        proxy = site.start()
        with proxy.connect() as control:
            assert control.hello.revision == 0
            assert control.replace(site.config()).saved
        assert f"state: {site.directory}: nothing to restore is left" in proxy.process.stderr()
        assert (site.directory / "state-a.damaged").read_bytes() == b"garbage"


class TestUnboundListener:
    def test_the_rest_is_served_and_it_is_tried_until_it_can_be(self, site: Site, start_origin):
        origin: Origin = start_origin("w1")
        config = site.config(origin.server())
        config["listeners"].append(configs.listener("other"))
        with site.proxy.connect() as control:
            control.replace(config)
        site.proxy.process.kill()
        host, _, port = site.address.partition(":")
        with socket.create_server((host, int(port))):
            proxy = site.start()
            assert proxy.metrics()["fairlead_state_unbound_listeners"] == 1
            status = fairleadctl(proxy.control, "status").out
            assert re.search(r"web +not bound: cannot listen on \S+: Address already in use", status)
            with proxy.open("other") as wire:
                assert wire.request(get("/")).status == 200
            with proxy.connect() as control:
                assert control.hello.revision == 1
                assert control.apply({"remove_listener": "other"}).saved
        wait_until(lambda: proxy.metrics()["fairlead_state_unbound_listeners"] == 0, "it is bound")
        with proxy.open() as wire:
            assert wire.request(get("/")).status == 200
        wait_until(lambda: "state: all listeners are bound" in proxy.process.stderr(), "it says so")
        assert "state: listener web: cannot listen on" in proxy.process.stderr()


class TestFullDisk:
    """A real one: 300 KiB of memory, mounted where nobody but the proxy sees it."""

    KIB = 300

    @pytest.fixture
    def proxy(self, bench: Workbench) -> Fairlead:
        self.state = bench.directory / "state"
        self.state.mkdir(mode=0o700)
        mount = f"mount -t tmpfs -o size={self.KIB}k,mode=0700 state {self.state}"
        filler = f"head -c 200K /dev/zero > {self.state}/filler"
        return Fairlead(
            bench,
            IO,
            flags=(f"--state_dir={self.state}",),
            wrapper=("unshare", "--mount", "sh", "-c", f'{mount} && {filler} && exec "$@"', "sh"),
        )

    def inside(self, proxy: Fairlead) -> pathlib.Path:
        """The directory as the proxy sees it."""
        return pathlib.Path(f"/proc/{proxy.process.pid}/root{self.state}")

    def test_stops_nothing_and_is_written_to_when_there_is_room(self, proxy: Fairlead, bench: Workbench, start_origin):
        origin: Origin = start_origin("w1")
        with proxy.connect() as control:
            assert control.replace(configs.site(origin.server())).saved
            revision = 1
            while control.apply(*self.bulk(revision)).saved:
                revision += 1
                assert revision < 100, "the disk is never full"
            wait_until(lambda: "No space left on device" in proxy.status()["state_on_disk"]["error"], "it is known")
            metrics = proxy.metrics()
            assert metrics["fairlead_state_write_errors_total"] > 0
            assert metrics["fairlead_state_saved_revision"] < metrics["fairlead_revision"]
            assert "No space left on device" in fairleadctl(proxy.control, "status").out
            outcome = fairleadctl(proxy.control, "server", "weight", "web/w1", "7")
            assert outcome.code == 0
            assert "is not on the proxy's disk yet" in outcome.err
            with proxy.open() as wire:
                assert wire.request(get("/")).status == 200

            (self.inside(proxy) / "filler").unlink()
            wait_until(lambda: proxy.status()["state_on_disk"]["error"] == "", "all is written")
            applied = control.apply(*self.bulk(0))
            assert applied.saved
        assert proxy.process.stderr().count("No space left on device; tried every second") == 1
        copy = bench.directory / "copy"
        shutil.copytree(self.inside(proxy), copy, ignore=shutil.ignore_patterns("filler", "*.new"))
        copy.chmod(0o700)
        again = Fairlead(bench, IO, flags=(f"--state_dir={copy}",), name="again")
        with again.connect() as control:
            assert (control.hello.revision, control.hello.fingerprint) == (applied.revision, applied.fingerprint)

    @staticmethod
    def bulk(number: int) -> list[configs.Fields]:
        """About 5 KiB, always of the same resource."""
        server = {"id": "w2", "address": "127.0.0.1:9", "weight": 0, "labels": {"number": str(number)}}
        server["labels"].update({f"label-{index}": "x" * 100 for index in range(40)})
        return [configs.upsert_server("web", server)]
