"""Sessions that clients resume: by tickets, whose keys a fleet shares and changes, and by ids; over workers, proxies and
restarts; and never past what clients are asked for."""

import base64
import datetime
import os
import pathlib
import ssl
from typing import Any

import pytest
import yaml

from tests.support import configs
from tests.support.certificates import Authority, Identity
from tests.support.controlplane_mock import ControlplaneMock
from tests.support.fairlead import Fairlead
from tests.support.fairleadctl import fairleadctl
from tests.support.openssl import Visit, s_client
from tests.support.processes import Workbench
from tests.support.scripted_origin import ScriptedOrigin
from tests.support.waiting import wait_until
from tests.support.wire import Wire, get

NAME = "www.example.org"
ENDING = b"GET / HTTP/1.1\r\nHost: www.example.org\r\nConnection: close\r\n\r\n"
VERSIONS = pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture(scope="module")
def clients() -> Authority:
    return Authority("Clients")


@pytest.fixture(scope="module")
def identity(authority: Authority) -> Identity:
    return authority.leaf(NAME)


@pytest.fixture
def origin():
    def answer(wire: Wire) -> None:
        while True:
            wire.read_request()
            wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    with ScriptedOrigin(answer) as started:
        yield started


@pytest.fixture
def proxies(bench: Workbench, io: str) -> list[Fairlead]:
    return [Fairlead(bench, io, workers=3, name=name) for name in ("a", "b")]


class Key:
    """A ticket key, as an administrator makes one."""

    def __init__(self, not_before: datetime.datetime | None = None):
        self.material = os.urandom(80)
        self.name = self.material[:16].hex()
        self._not_before = not_before

    def field(self) -> dict:
        fields: dict[str, Any] = {"key": {"inline_bytes": base64.b64encode(self.material).decode()}}
        if self._not_before is not None:
            fields["not_before"] = self._not_before.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
        return fields


EPOCH = datetime.datetime(2020, 1, 1)


def ticket_keys(*keys: Key) -> dict:
    return {"id": "fleet", "keys": [key.field() for key in keys]}


def site(origin: ScriptedOrigin, identity: Identity, *keys: Key, **tls: Any) -> dict:
    snapshot = configs.over_tls(configs.site({"id": "s", "address": origin.address}), identity.resource("c"), **tls)
    if keys:
        snapshot["listeners"][0]["tls"]["ticket_keys"] = "fleet"
        snapshot["ticket_keys"] = [ticket_keys(*keys)]
    return snapshot


def serve(snapshot: dict, *fairleads: Fairlead) -> None:
    for fairlead in fairleads:
        with fairlead.connect() as control:
            control.replace(snapshot)


def visit(fairlead: Fairlead, session: pathlib.Path, *arguments: Any, name: str = NAME, listener: str = "web") -> Visit:
    """With the session that the file holds, if there is one; leaves the newest in it."""
    resume = ("-sess_in", session) if session.exists() else ()
    made = s_client(
        fairlead.listener(listener), "-servername", name, "-sess_out", session, *resume, *arguments, request=ENDING
    )
    assert "HTTP/1.1 200 OK" in made.output, made.output
    return made


def secure(fairlead: Fairlead, context: ssl.SSLContext) -> Wire:
    return Wire(context.wrap_socket(Wire.connect(fairlead.listener()).socket, server_hostname=NAME))


def refused(fairlead: Fairlead, cause: str) -> float:
    return fairlead.metrics()[f'fairlead_listener_tls_resumptions_refused_total{{listener="web",cause="{cause}"}}']


def resumed(fairlead: Fairlead, by: str) -> float:
    return fairlead.metrics()[f'fairlead_listener_tls_resumed_total{{listener="web",by="{by}"}}']


@VERSIONS
def test_a_session_of_one_proxy_resumes_at_another(proxies, tmp_path, origin, identity, version):
    serve(site(origin, identity, key := Key()), *proxies)
    session = tmp_path / "session"
    first = visit(proxies[0], session, version)
    assert (first.resumed, first.ticket_key) == (False, key.name)
    for _ in range(4):
        assert visit(proxies[1], session, version).resumed
    assert resumed(proxies[1], "ticket") == 4


def test_a_session_outlives_the_process(bench, io, tmp_path, origin, identity):
    session = tmp_path / "session"
    snapshot = site(origin, identity, Key())
    for number in range(2):
        fairlead = Fairlead(bench, io, name=f"run{number}")
        serve(snapshot, fairlead)
        assert visit(fairlead, session).resumed == (number == 1)
        assert fairlead.process.terminate() == 0


def test_keys_are_saved_with_the_rest_of_the_state(bench, io, tmp_path, origin, identity):
    state = bench.directory / "state"
    state.mkdir(mode=0o700)
    session = tmp_path / "session"
    fairlead = Fairlead(bench, io, flags=(f"--state_dir={state}",), name="before")
    serve(site(origin, identity, key := Key()), fairlead)
    visit(fairlead, session)
    wait_until(lambda: any(key.material in file.read_bytes() for file in state.iterdir()), "the key to be saved")
    fairlead.process.kill()
    fairlead = Fairlead(bench, io, flags=(f"--state_dir={state}",), name="after")
    wait_until(lambda: fairlead.status()["revision"] > 0, "it to serve what it served")
    assert visit(fairlead, session).resumed


def test_a_fleet_switches_together_without_a_transaction(proxies, tmp_path, origin, identity):
    def makes_tickets(fairlead: Fairlead) -> str:
        with fairlead.connect() as control:
            return next(key.name for key in control.get().ticket_keys[0].keys if key.makes_tickets)

    old = Key(EPOCH)
    # Time enough for the first visits.
    new = Key(datetime.datetime.utcnow() + datetime.timedelta(seconds=6))
    serve(site(origin, identity, new, old), *proxies)
    revisions = [fairlead.status()["revision"] for fairlead in proxies]
    sessions = [tmp_path / "one", tmp_path / "two"]
    assert [visit(fairlead, session).ticket_key for fairlead, session in zip(proxies, sessions)] == [old.name] * 2
    for fairlead in proxies:
        wait_until(lambda: makes_tickets(fairlead) == new.name, "the new key's time to come")
    # Each at the other: an old ticket is good, and is exchanged for a new one.
    for fairlead, session in zip(reversed(proxies), sessions):
        renewed = visit(fairlead, session)
        assert (renewed.resumed, renewed.ticket_key) == (True, new.name)
    assert [fairlead.status()["revision"] for fairlead in proxies] == revisions


@VERSIONS
def test_a_ticket_of_an_old_key_is_renewed(proxies, tmp_path, origin, identity, version):
    old, new = Key(EPOCH), Key(EPOCH + datetime.timedelta(days=1))
    session = tmp_path / "session"
    serve(site(origin, identity, old), *proxies)
    visit(proxies[0], session, version)
    serve(site(origin, identity, old, new), *proxies)
    renewed = visit(proxies[1], session, version)
    assert (renewed.resumed, renewed.ticket_key) == (True, new.name)
    serve(site(origin, identity, new), *proxies)
    # s_client forgets what it was given in place of a ticket of TLS 1.2.
    assert visit(proxies[0], session, version).resumed == (version == "-tls1_3")
    serve(site(origin, identity, Key()), *proxies)
    assert not visit(proxies[1], session, version).resumed
    assert refused(proxies[1], "unknown") == 1


def test_keys_change_without_touching_live_connections(fairlead, origin, identity, authority):
    with fairlead.connect() as control:
        control.replace(site(origin, identity, Key()))
        with secure(fairlead, authority.client_context()) as live:
            assert live.request(get("/")).status == 200
            for _ in range(3):
                control.apply({"upsert_ticket_keys": ticket_keys(Key())})
                assert live.request(get("/")).status == 200


def test_a_controller_rotates_the_keys_of_its_fleet(bench, io, tmp_path, origin, identity):
    keys = [Key(EPOCH + datetime.timedelta(days=day)) for day in range(4)]
    mock = ControlplaneMock(bench, site(origin, identity, keys[0], keys[1]))
    proxies = [Fairlead(bench, io, workers=3, name=name, controllers=(mock.address,)) for name in ("a", "b")]
    session = tmp_path / "session"
    for turn in range(3):
        # The one before, the one that makes tickets.
        mock.write(site(origin, identity, keys[turn], keys[turn + 1]))
        for fairlead in proxies:
            wait_until(
                lambda: mock.proxy(fairlead.process.name).get("up_to_date", False)
                and keys[turn + 1].name in fairleadctl(fairlead.control, "get", "ticket_keys").out,
                "the proxy to serve the new keys",
            )
        made = [visit(fairlead, session) for fairlead in proxies]
        assert [one.resumed for one in made] == [turn > 0, True]
        assert [one.ticket_key for one in made] == [keys[turn + 1].name] * 2


def test_a_listener_of_its_own_keys_keeps_them(fairlead, tmp_path, origin, identity):
    snapshot = site(origin, identity)
    serve(snapshot, fairlead)
    session = tmp_path / "session"
    visit(fairlead, session)
    with fairlead.connect() as control:
        snapshot["listeners"][0]["max_connections"] = 100
        control.replace(snapshot)
        assert visit(fairlead, session).resumed
        snapshot["listeners"][0]["tls"]["policy"] = "MODERN"
        control.replace(snapshot)
        assert visit(fairlead, session).resumed


def test_sessions_without_tickets_are_known_to_all_workers(proxies, tmp_path, origin, identity):
    serve(site(origin, identity), *proxies)
    session = tmp_path / "session"
    arguments = ("-tls1_2", "-no_ticket")
    assert not visit(proxies[0], session, *arguments).resumed
    for _ in range(8):
        assert visit(proxies[0], session, *arguments).resumed
    assert resumed(proxies[0], "session_id") == 8
    assert proxies[0].metrics()['fairlead_listener_tls_session_cache_entries{listener="web"}'] == 1
    # Ids are of one process, and of a listener that keeps them.
    assert not visit(proxies[1], session, *arguments).resumed
    assert refused(proxies[1], "unknown") == 1
    serve(site(origin, identity, session_cache=0), proxies[1])
    for _ in range(2):
        assert not visit(proxies[1], session, *arguments).resumed


def test_sessions_that_are_kept_are_so_many_at_most(fairlead, tmp_path, origin, identity):
    serve(site(origin, identity, session_cache=2), fairlead)
    sessions = [tmp_path / str(number) for number in range(3)]
    for session in sessions:
        visit(fairlead, session, "-tls1_2", "-no_ticket")
    metrics = fairlead.metrics()
    assert metrics['fairlead_listener_tls_session_cache_entries{listener="web"}'] == 2
    assert metrics['fairlead_listener_tls_session_cache_evictions_total{listener="web"}'] == 1
    assert visit(fairlead, sessions[2], "-tls1_2", "-no_ticket").resumed


@VERSIONS
def test_a_session_is_of_one_name_and_one_listener(fairlead, tmp_path, origin, authority, version):
    snapshot = site(origin, authority.leaf(NAME, "other.example.org"), Key())
    snapshot["listeners"].append({**snapshot["listeners"][0], "id": "second"})
    serve(snapshot, fairlead)
    session = tmp_path / "session"
    visit(fairlead, session, version)
    assert not visit(fairlead, session, version, name="other.example.org").resumed
    assert refused(fairlead, "other_name") == 1
    assert not visit(fairlead, session, version, name="other.example.org", listener="second").resumed
    assert not visit(fairlead, session, version, name="other.example.org").resumed
    assert refused(fairlead, "other_terms") == 1


@VERSIONS
@pytest.mark.parametrize("no_ticket", [False, True], ids=["tickets", "ids"])
def test_a_revoked_client_gets_no_further_by_its_session(
    bench, fairlead, tmp_path, origin, identity, authority, clients, version, no_ticket
):
    if no_ticket and version == "-tls1_3":
        pytest.skip("TLS 1.3 has no session ids")
    alice, mallory = (clients.leaf(name, for_clients=True) for name in ("alice", "mallory"))
    snapshot = site(origin, identity, Key(), client_auth={"mode": "REQUIRED", "trust": "clients"})
    snapshot["trust_bundles"] = [configs.trust_bundle("clients", clients.roots, clients.revoke())]
    serve(snapshot, fairlead)
    files = {one: one_identity.write(bench.directory, one) for one, one_identity in (("alice", alice), ("mallory", mallory))}

    def try_to_visit(who: str) -> Visit:
        session = tmp_path / who
        resume = ("-sess_in", session) if session.exists() else ()
        chain, key = files[who]
        arguments = (version, *(("-no_ticket",) if no_ticket else ()), "-sess_out", session, *resume)
        return s_client(
            fairlead.listener(), "-servername", NAME, "-cert", chain, "-key", key, *arguments, request=ENDING
        )

    for who in files:
        assert not try_to_visit(who).resumed
        again = try_to_visit(who)
        assert again.resumed and "200 OK" in again.output
    with fairlead.connect() as control:
        revoking = clients.revoke(mallory)
        control.apply({"upsert_trust_bundle": configs.trust_bundle("clients", clients.roots, revoking)})
    gone = try_to_visit("mallory")
    assert not gone.resumed and "200 OK" not in gone.output
    assert "revoked" in gone.output
    good = try_to_visit("alice")
    assert not good.resumed and "200 OK" in good.output
    assert try_to_visit("alice").resumed


def test_keys_are_never_told_but_count(fairlead, tmp_path, origin, identity):
    key = Key(EPOCH)
    with fairlead.connect() as control, fairlead.connect() as watcher:
        watcher.send(watch={"request_id": "w"})
        watcher.receive("state_report")
        applied = control.replace(site(origin, identity, key))
        seen = watcher.receive("state_report")
        state = control.get()
        assert state.fingerprint == applied.fingerprint
        for told in (state, seen):
            assert not told.config.ticket_keys[0].keys[0].HasField("key")
            assert key.material not in told.SerializeToString()
            assert told.ticket_keys[0].keys[0].name == key.name
            assert told.ticket_keys[0].keys[0].not_before_ms == 1_577_836_800_000
            assert told.ticket_keys[0].keys[0].makes_tickets
        assert control.apply({"upsert_ticket_keys": ticket_keys(key)}).changed == 0
        other = Key(EPOCH)
        assert control.apply({"upsert_ticket_keys": ticket_keys(other)}).changed == 1
        control.send(get={"request_id": "earlier", "revision": state.revision})
        earlier = control.receive("state_report")
        assert earlier.fingerprint == state.fingerprint
        assert key.material not in earlier.SerializeToString()
        # It comes back all the same.
        session = tmp_path / "session"
        assert visit(fairlead, session).ticket_key == other.name
        control.transact({"id": "back", "rollback_to": state.revision})
        wait_until(lambda: visit(fairlead, tmp_path / "new").ticket_key == key.name, "the first key again")
        rejected = control.reject({"remove_ticket_keys": "fleet"})
        assert rejected.violations[0].path == 'ticket_keys["fleet"]'
        assert "listener" in rejected.violations[0].message


def test_the_operators_tool_tells_keys_by_their_names(bench, fairlead, origin, identity):
    first = Key()
    (bench.directory / "first.key").write_bytes(first.material)
    snapshot = site(origin, identity, first)
    snapshot["ticket_keys"][0]["keys"] = [{"key": {"file": "first.key"}}]
    file = bench.directory / "site.yaml"
    file.write_text(yaml.safe_dump(snapshot))
    assert fairleadctl(fairlead.control, "apply", "-f", str(file)).code == 0
    assert fairleadctl(fairlead.control, "get", "ticket_keys").out == (
        "TICKET_KEYS   KEY                                NOT_BEFORE   MAKES_TICKETS\n"
        f"fleet         {first.name}   -            yes\n"
    )
    assert fairleadctl(fairlead.control, "diff", "-f", str(file)).code == 0
    (bench.directory / "first.key").write_bytes(Key().material)
    changed = fairleadctl(fairlead.control, "diff", "-f", str(file))
    assert (changed.code, changed.out) == (1, "~ ticket keys fleet\n")
    shown = fairleadctl(fairlead.control, "get", "-o", "yaml").out
    assert fairleadctl(fairlead.control, "diff", "-f", "-", stdin=shown).code == 0
