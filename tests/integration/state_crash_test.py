"""kill -9 at random moments under a stream of transactions, torn writes, flipped bits: a restart always serves a revision that was
acknowledged last or, where both files lost their ends, the one before; never a mix of two. So does history: each revision that it
knows is what it was, and it knows all of the last hundred, unless its own file was damaged.

Each transaction gives both servers of a backend the same weight, which is the revision's number: any mix shows. Seeds are in the
tests' names.
"""

import pathlib
import random
import re

import pytest

from tests.support import api, configs
from tests.support.control_session import ControlSession
from tests.support.fairlead import Fairlead
from tests.support.processes import Workbench

SEEDS = range(10)
ROUNDS = 20

HEADER_BYTES = 24


# Revisions that are remembered.
REMEMBERED = 100


def both_servers(weight: int, labels: int = 0) -> list[configs.Fields]:
    servers = [
        {
            "id": name,
            "address": "127.0.0.1:9",
            "weight": weight,
            "labels": {f"label-{number}": "x" * 250 for number in range(labels)},
        }
        for name in ("w1", "w2")
    ]
    return [configs.upsert_server("web", server) for server in servers]


def send(control: ControlSession, revision: int, chance: random.Random) -> None:
    """What makes this revision: operations, or now and then a snapshot."""
    fields = {"id": f"revision {revision}", "comment": "x" * chance.randrange(200)}
    if chance.random() < 0.2:
        servers = [{"id": name, "address": "127.0.0.1:9", "weight": revision} for name in ("w1", "w2")]
        fields["snapshot"] = {"backends": [configs.backend("web", servers)]}
    else:
        # Much, now and then, so that files are written anew.
        fields["operations"] = both_servers(revision, labels=chance.choice((0, 0, 60)))
    control.send(transaction=api.message(api.transaction.Transaction, fields))


def flip_a_bit(path: pathlib.Path, chance: random.Random) -> None:
    text = bytearray(path.read_bytes())
    text[chance.randrange(len(text))] ^= 1 << chance.randrange(8)
    path.write_bytes(text)


def tear(path: pathlib.Path, chance: random.Random) -> None:
    text = path.read_bytes()
    path.write_bytes(text[: chance.randrange(len(text))])


def leave_old_blocks_behind(path: pathlib.Path, chance: random.Random) -> None:
    """As where a file grew over blocks of another, and what was to be written there was not."""
    text = path.read_bytes()
    begin = chance.randrange(HEADER_BYTES, len(text))
    path.write_bytes(text + text[begin:])


def lose_the_last_bytes(path: pathlib.Path, chance: random.Random) -> None:
    """Less than any record has."""
    text = path.read_bytes()
    path.write_bytes(text[: len(text) - chance.randrange(1, 60)])


def weights(config) -> list[int]:
    return [server.weight for backend in config.backends for server in backend.servers]


def check_history(control: ControlSession, served: int, must_reach: int, chance: random.Random) -> int:
    """The oldest revision that can be returned to, which is at most `must_reach`."""
    control.send(get_history=api.control.GetHistory(request_id="history"))
    entries = control.receive("history").entries
    assert [entry.revision for entry in entries] == list(range(served, served - len(entries), -1))
    # The first was made in another way.
    assert all(entry.transaction_id == f"revision {entry.revision}" for entry in entries if entry.revision > 1)
    reach = min([served, *(entry.revision - 1 for entry in entries if entry.can_go_back)])
    assert reach <= must_reach
    for revision in {reach, chance.randint(reach, served), max(reach, served - 1)}:
        control.send(get=api.control.Get(request_id="get", revision=revision))
        report = control.receive("state_report")
        assert report.error == ""
        assert weights(report.config) == ([revision, revision] if revision > 1 else [])
    return reach


@pytest.mark.parametrize("seed", SEEDS)
def test_a_restart_serves_the_last_or_the_last_but_one(bench: Workbench, seed: int):
    chance = random.Random(seed)
    state = bench.directory / "state"
    state.mkdir(mode=0o700)
    files = [state / "state-a", state / "state-b"]
    history = state / "history"
    acknowledged = sent = 0  # revisions
    oldest = 0  # that may be served
    known = 0  # and all since that are remembered at all
    for _ in range(ROUNDS):
        proxy = Fairlead(bench, "epoll", workers=1, flags=(f"--state_dir={state}",))
        control = proxy.connect()
        served = control.hello.revision
        assert oldest <= served <= sent
        assert weights(control.get().config) == ([served, served] if served else [])
        if served:
            known = check_history(control, served, max(known, served - REMEMBERED), chance)
        if served == 0:
            control.replace({"backends": [configs.backend("web")]})
            served = 1
            control.apply(*both_servers(2), id="revision 2")
            served = 2
        acknowledged = sent = served

        # So many are sent, and so many answers are waited for: the rest is under way when it dies.
        count = chance.randrange(1, 30)
        for _ in range(count):
            sent += 1
            send(control, sent, chance)
        for _ in range(chance.randrange(count + 1)):
            applied = control.receive("applied")
            assert applied.saved
            acknowledged = applied.revision
        proxy.process.kill()
        control.close()

        oldest = acknowledged
        match chance.randrange(8):
            case 0 | 1:
                pass
            case 2:
                flip_a_bit(chance.choice(files), chance)
            case 3:
                tear(chance.choice(files), chance)
            case 4:
                leave_old_blocks_behind(chance.choice(files), chance)
            case 5:
                for path in files:
                    lose_the_last_bytes(path, chance)
                oldest = acknowledged - 1
            case 6 | 7 if history.exists():
                chance.choice((flip_a_bit, tear, leave_old_blocks_behind))(history, chance)
                known = sent
    assert len(re.findall(r"state: \S+/state-[ab]: .*damaged", proxy.process.stderr())) > 0
