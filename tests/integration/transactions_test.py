"""Changes apply as a whole or not at all, and say exactly what was wrong."""

import pytest

from tests.support import api, configs
from tests.support.control_session import violations
from tests.support.fairlead import Fairlead
from tests.support.origin import Origin
from tests.support.wire import get

SERVER = {"id": "w1", "address": "127.0.0.1:9"}
NOTHING = "0" * 32


@pytest.fixture
def origin(fairlead: Fairlead, start_origin) -> Origin:
    started = start_origin("w1")
    with fairlead.connect() as control:
        control.replace(configs.site(started.server()))
    return started


def state(fairlead: Fairlead) -> tuple[int, str]:
    status = fairlead.status()
    return status["revision"], status["fingerprint"]


def test_applied_says_what_came_of_it(fairlead: Fairlead):
    with fairlead.connect() as control:
        assert (control.hello.protocol_version, control.hello.node_id, control.hello.revision) == (1, "fairlead", 0)
        applied = control.replace(configs.site(SERVER))
        assert (applied.revision, applied.dry_run) == (1, False)
        assert (applied.added, applied.changed, applied.removed) == (4, 0, 0)
        assert applied.duration.ToNanoseconds() > 0
        assert len(applied.fingerprint) == 32
        assert state(fairlead) == (1, applied.fingerprint)
        applied = control.apply(configs.upsert_server("web", {**SERVER, "weight": 5}))
        assert (applied.revision, applied.added, applied.changed, applied.removed) == (2, 0, 1, 0)
        applied = control.replace({})
        assert (applied.revision, applied.added, applied.changed, applied.removed) == (3, 0, 0, 4)


def test_every_worker_serves_what_is_applied(fairlead: Fairlead, origin: Origin):
    with fairlead.connect() as control:
        for weight in range(2, 30):
            revision = control.apply(configs.upsert_server("web", origin.server(weight=weight))).revision
            assert {worker["revision"] for worker in fairlead.status()["workers"]} == {revision}


def test_a_change_that_changes_nothing_keeps_the_revision(fairlead: Fairlead):
    with fairlead.connect() as control:
        first = control.replace(configs.site(SERVER))
        again = control.replace(configs.site(SERVER))
        assert (again.revision, again.fingerprint) == (first.revision, first.fingerprint)
        assert (again.added, again.changed, again.removed) == (0, 0, 0)


def test_the_same_state_has_the_same_fingerprint_however_it_came(fairlead: Fairlead):
    other = {"id": "w2", "address": "127.0.0.1:10", "labels": {"b": "2", "a": "1"}}
    with fairlead.connect() as control:
        whole = control.replace(configs.site(SERVER, other))
        control.replace({})
        assert state(fairlead)[1] != whole.fingerprint
        control.apply({"upsert_backend": configs.backend("web")}, configs.upsert_server("web", other))
        control.apply(configs.upsert_server("web", SERVER))
        control.apply({"upsert_listener": configs.listener()}, {"upsert_route_table": configs.route_table()})
        pieces = control.apply({"upsert_route_table": configs.route_table(configs.rule("all", "web"))})
        assert pieces.fingerprint == whole.fingerprint
        assert pieces.revision > whole.revision


def test_get_returns_what_was_applied(fairlead: Fairlead):
    site = configs.site(SERVER)
    with fairlead.connect() as control:
        control.replace(site)
        report = control.get()
    assert report.config == api.message(api.resources.Snapshot, site)
    assert [(status.backend, status.server, status.weight) for status in report.servers] == [("web", "w1", 1)]
    assert report.listeners[0].bound_address == fairlead.listener()
    assert {worker.revision for worker in report.workers} == {1}


def test_a_watch_hears_of_each_change_and_only_of_it(fairlead: Fairlead):
    with fairlead.connect() as watcher, fairlead.connect() as control:
        control.replace(configs.site(SERVER, {"id": "w2", "address": "127.0.0.1:10"}))
        watcher.send(watch=api.control.Watch(request_id="w", filter=api.control.StateFilter(without_status=True)))
        first = watcher.receive("state_report")
        assert (first.incremental, first.request_id, len(first.config.backends[0].servers)) == (False, "w", 2)
        control.apply(configs.upsert_server("web", {**SERVER, "weight": 9}))
        second = watcher.receive("state_report")
        assert second.incremental
        assert [server.id for backend in second.config.backends for server in backend.servers] == ["w1"]
        control.apply(configs.remove_server("web", "w2"))
        third = watcher.receive("state_report")
        assert [(removed.backend, removed.id) for removed in third.removed] == [("web", "w2")]


def test_the_same_id_again_gets_the_first_answer_and_does_nothing(fairlead: Fairlead, origin: Origin):
    change = configs.upsert_server("web", {"id": "w2", "address": "127.0.0.1:9"})
    with fairlead.connect() as control:
        first = control.apply(change, id="once")
        control.apply(configs.remove_server("web", "w2"))
        before = state(fairlead)
        assert control.apply(change, id="once") == first
        assert state(fairlead) == before
    with fairlead.connect() as another:
        assert another.apply(change, id="once") == first


def test_a_rejected_id_again_is_rejected_alike(fairlead: Fairlead, origin: Origin):
    with fairlead.connect() as control:
        first = control.reject(configs.remove_server("web", "w9"), id="bad")
        assert control.reject(configs.remove_server("web", "w9"), id="bad").violations == first.violations


def test_the_same_id_with_other_contents_is_rejected(fairlead: Fairlead, origin: Origin):
    with fairlead.connect() as control:
        control.apply(configs.upsert_server("web", {"id": "w2", "address": "127.0.0.1:9"}), id="once")
        rejected = control.reject(configs.remove_server("web", "w2"), id="once")
        assert violations(rejected) == {"id": "ID_REUSED"}


def test_a_base_revision_that_is_not_served_is_rejected(fairlead: Fairlead, origin: Origin):
    change = configs.upsert_server("web", {"id": "w2", "address": "127.0.0.1:9"})
    with fairlead.connect() as control:
        served, _ = state(fairlead)
        for stale in (served - 1, served + 1):
            rejected = control.reject(change, base_revision=stale)
            assert violations(rejected) == {"base_revision": "STALE_BASE_REVISION"}
            assert rejected.revision == served
        assert control.apply(change, base_revision=served).revision == served + 1


def test_base_revision_0_is_checked_too(fairlead: Fairlead, origin: Origin):
    with fairlead.connect() as control:
        rejected = control.reject(configs.remove_server("web", "w1"), base_revision=0)
        assert violations(rejected) == {"base_revision": "STALE_BASE_REVISION"}


def test_a_deposed_leader_can_not_write(fairlead: Fairlead, origin: Origin):
    with fairlead.connect() as new, fairlead.connect() as old:
        new.apply(configs.upsert_server("web", origin.server(weight=2)), leader_epoch=7)
        rejected = old.reject(configs.upsert_server("web", origin.server(weight=3)), leader_epoch=6)
        assert violations(rejected) == {"leader_epoch": "STALE_LEADER_EPOCH"}
        new.apply(configs.upsert_server("web", origin.server(weight=4)), leader_epoch=7)
        # An operator's tool leads nobody.
        old.apply(configs.upsert_server("web", origin.server(weight=5)))
    with fairlead.connect() as later:
        assert later.hello.leader_epoch == 7


def test_a_new_leader_shows_its_epoch_without_a_change(fairlead: Fairlead, origin: Origin):
    with fairlead.connect() as control:
        served = control.hello.revision
        applied = control.apply(rollback_to=served, leader_epoch=7, base_revision=served)
        assert applied.revision == served
    with fairlead.connect() as late:
        assert late.hello.leader_epoch == 7
        # One that is rejected shows it, too; a dry run does not.
        late.reject(configs.remove_server("web", "nowhere"), leader_epoch=8)
        late.apply(configs.remove_server("web", "w1"), leader_epoch=9, dry_run=True)
    with fairlead.connect() as later:
        assert later.hello.leader_epoch == 8


def test_a_dry_run_says_everything_and_does_nothing(fairlead: Fairlead, origin: Origin):
    before = state(fairlead)
    with fairlead.connect() as control:
        applied = control.apply(configs.upsert_server("web", {"id": "w2", "address": "127.0.0.1:9"}), dry_run=True)
        assert (applied.dry_run, applied.revision, applied.added) == (True, before[0] + 1, 1)
        assert state(fairlead) == before
        real = control.apply(configs.upsert_server("web", {"id": "w2", "address": "127.0.0.1:9"}))
        assert real.fingerprint == applied.fingerprint
        control.reject(configs.remove_server("web", "w9"), dry_run=True)


def test_one_bad_operation_among_100_changes_nothing_and_all_faults_are_named(fairlead: Fairlead, origin: Origin):
    good = [configs.upsert_server("web", {"id": f"s{n}", "address": f"127.0.0.1:{1000 + n}"}) for n in range(99)]
    before = state(fairlead)
    with fairlead.connect() as control:
        bad = {"id": "bad", "address": "10.0.0.300:80", "weight": 70_000, "labels": {"k": "v" * 300}}
        rejected = control.reject(*good[:50], configs.upsert_server("web", bad), *good[50:])
        found = violations(rejected)
        place = 'backends["web"].servers["bad"]'
        assert found[f"{place}.address"] == "INVALID_ARGUMENT"
        assert found[f"{place}.weight"] == "INVALID_ARGUMENT"
        assert any(path.startswith(f"{place}.labels") for path in found)
        assert len(found) == 3
        address = next(v for v in rejected.violations if v.path.endswith(".address"))
        assert '"10.0.0.300:80"' in address.message
        report = control.get()
    assert state(fairlead) == before == (rejected.revision, rejected.fingerprint)
    assert [server.id for backend in report.config.backends for server in backend.servers] == ["w1"]
    assert [server["id"] for server in fairlead.status()["backends"][0]["servers"]] == ["w1"]
    with fairlead.open() as wire:
        assert {wire.request(get("/")).get("x-origin") for _ in range(10)} == {"w1"}


def test_faults_of_many_resources_are_all_named(fairlead: Fairlead, origin: Origin):
    with fairlead.connect() as control:
        rejected = control.reject(
            {"remove_backend": "nowhere"},
            {"upsert_listener": configs.listener("l", "nonsense", route_table="missing")},
            {"upsert_route_table": configs.route_table(configs.rule("r", "missing"), identity="t")},
            configs.upsert_server("missing", SERVER),
            configs.set_health("web", "missing", "UP"),
        )
    found = violations(rejected)
    assert len(found) >= 6
    assert found['listeners["l"].address'] == "INVALID_ARGUMENT"
    assert found['listeners["l"].http.route_table'] == "NOT_FOUND"


def test_references_are_checked_at_the_end(fairlead: Fairlead):
    # Every one of these refers to one that comes after it.
    with fairlead.connect() as control:
        control.apply(
            {"upsert_listener": configs.listener()},
            configs.set_health("web", "w1", "UP"),
            {"upsert_route_table": configs.route_table(configs.rule("all", "web"))},
            configs.upsert_server("web", SERVER),
            {"upsert_backend": configs.backend("web")},
        )


@pytest.mark.parametrize("removal", [{"remove_backend": "web"}, {"remove_route_table": "main"}])
def test_what_is_referred_to_can_not_go(fairlead: Fairlead, origin: Origin, removal: dict):
    with fairlead.connect() as control:
        assert set(violations(control.reject(removal)).values()) <= {"IN_USE", "NOT_FOUND"}
    with fairlead.open() as wire:
        assert wire.request(get("/")).status == 200


@pytest.mark.parametrize(
    "removal",
    [
        {"remove_listener": "no"},
        {"remove_route_table": "no"},
        {"remove_backend": "no"},
        configs.remove_server("web", "no"),
        configs.remove_server("no", "w1"),
    ],
)
def test_what_is_not_there_can_not_be_removed(fairlead: Fairlead, origin: Origin, removal: dict):
    with fairlead.connect() as control:
        assert "NOT_FOUND" in violations(control.reject(removal)).values()


def test_one_resource_named_twice_is_rejected(fairlead: Fairlead, origin: Origin):
    with fairlead.connect() as control:
        twice = control.reject(
            configs.upsert_server("web", origin.server(weight=2)), configs.remove_server("web", "w1")
        )
        assert violations(twice) == {'backends["web"].servers["w1"]': "ALREADY_EXISTS"}
        snapshot = configs.site(SERVER, SERVER)
        assert "ALREADY_EXISTS" in violations(control.reject_snapshot(snapshot)).values()


def test_upserting_a_backend_leaves_its_servers_alone(fairlead: Fairlead, origin: Origin):
    with fairlead.connect() as control:
        control.apply({"upsert_backend": configs.backend("web", policy="RANDOM")})
        report = control.get()
        assert [server.id for server in report.config.backends[0].servers] == ["w1"]
        rejected = control.reject({"upsert_backend": configs.backend("web", [SERVER])})
        assert 'backends["web"].servers' in violations(rejected)


@pytest.mark.parametrize("identity", ["", "a b", "a/b", 'a"b', "ü", "x" * 129])
def test_a_bad_id_is_rejected(fairlead: Fairlead, origin: Origin, identity: str):
    with fairlead.connect() as control:
        rejected = control.reject(configs.upsert_server("web", {"id": identity, "address": "127.0.0.1:9"}))
    assert set(violations(rejected).values()) == {"INVALID_ARGUMENT"}


def test_a_transaction_without_id_or_contents_is_rejected(fairlead: Fairlead):
    with fairlead.connect() as control:
        control.send(transaction=api.transaction.Transaction(snapshot=api.resources.Snapshot()))
        assert violations(control.receive("rejected")) == {"id": "INVALID_ARGUMENT"}
        control.send(transaction=api.transaction.Transaction(id="empty"))
        assert control.receive("rejected").violations
        both = api.transaction.Transaction(id="both", snapshot=api.resources.Snapshot())
        both.operations.add().remove_backend = "x"
        control.send(transaction=both)
        assert control.receive("rejected").violations
        unset = api.transaction.Transaction(id="unset")
        unset.operations.add()
        control.send(transaction=unset)
        assert control.receive("rejected").violations


def test_an_unknown_enum_value_is_rejected_by_name(fairlead: Fairlead, origin: Origin):
    transaction = api.message(
        api.transaction.Transaction, {"id": "enum", "operations": [configs.upsert_server("web", SERVER)]}
    )
    transaction.operations[0].upsert_server.server.admin_state = 9
    with fairlead.connect() as control:
        control.send(transaction=transaction)
        rejected = control.receive("rejected")
    assert violations(rejected) == {'backends["web"].servers["w1"].admin_state': "INVALID_ARGUMENT"}
    assert "READY" in rejected.violations[0].message


BACKEND = 'backends["web"]'


NOT_YET = {
    "quorum": (configs.site(SERVER, health={"down": {"votes": 2}}), f"{BACKEND}.health.down"),
    "zone": (configs.site({**SERVER, "zone": "a"}), f'{BACKEND}.servers["w1"].zone'),
    "priority": (configs.site({**SERVER, "priority": 1}), f'{BACKEND}.servers["w1"].priority'),
}


@pytest.mark.parametrize(("snapshot", "place"), NOT_YET.values(), ids=NOT_YET.keys())
def test_what_is_not_built_yet_is_refused_with_its_place(fairlead: Fairlead, snapshot: dict, place: str):
    with fairlead.connect() as control:
        assert violations(control.reject_snapshot(snapshot)) == {place: "UNIMPLEMENTED"}
    assert fairlead.status()["revision"] == 0


def test_unknown_fields_on_the_wire_are_kept(fairlead: Fairlead):
    snapshot = api.message(api.resources.Snapshot, configs.site(SERVER))
    # Field 1000, of a later version: varint 42.
    extended = api.resources.Server.FromString(snapshot.backends[0].servers[0].SerializeToString() + b"\xc0\x3e\x2a")
    with fairlead.connect() as control:
        plain = control.replace(configs.site(SERVER))
        transaction = api.transaction.Transaction(id="extended")
        transaction.operations.add().upsert_server.CopyFrom(
            api.transaction.UpsertServer(backend="web", server=extended)
        )
        control.send(transaction=transaction)
        applied = control.receive("applied")
        assert applied.changed == 1
        assert applied.fingerprint != plain.fingerprint
        kept = control.get().config.backends[0].servers[0]
        assert kept.SerializeToString() == extended.SerializeToString()


def test_ten_thousand_operations_apply_as_one(fairlead: Fairlead, origin: Origin):
    with fairlead.connect() as control:
        operations = [
            configs.upsert_server("web", {"id": f"s{n}", "address": "127.0.0.1:9", "weight": 0}) for n in range(10_000)
        ]
        applied = control.apply(*operations)
        assert applied.added == 10_000
        assert len(fairlead.status()["backends"][0]["servers"]) == 10_001
    with fairlead.open() as wire:
        assert wire.request(get("/")).status == 200
