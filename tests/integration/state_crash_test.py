"""kill -9 at random moments under a stream of transactions, torn writes, flipped bits: a restart always serves a revision that was
acknowledged last or, where both files lost their ends, the one before; never a mix of two.

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


def both_servers(weight: int) -> list[configs.Fields]:
    return [
        configs.upsert_server("web", {"id": name, "address": "127.0.0.1:9", "weight": weight}) for name in ("w1", "w2")
    ]


def send(control: ControlSession, revision: int, chance: random.Random) -> None:
    """What makes this revision: operations, or now and then a snapshot."""
    fields = {"id": f"revision {revision}", "comment": "x" * chance.randrange(200)}
    if chance.random() < 0.2:
        servers = [{"id": name, "address": "127.0.0.1:9", "weight": revision} for name in ("w1", "w2")]
        fields["snapshot"] = {"backends": [configs.backend("web", servers)]}
    else:
        fields["operations"] = both_servers(revision)
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


@pytest.mark.parametrize("seed", SEEDS)
def test_a_restart_serves_the_last_or_the_last_but_one(bench: Workbench, seed: int):
    chance = random.Random(seed)
    state = bench.directory / "state"
    state.mkdir(mode=0o700)
    files = [state / "state-a", state / "state-b"]
    acknowledged = sent = 0  # revisions
    oldest = 0  # that may be served
    for _ in range(ROUNDS):
        proxy = Fairlead(bench, "epoll", workers=1, flags=(f"--state_dir={state}",))
        control = proxy.connect()
        served = control.hello.revision
        assert oldest <= served <= sent
        config = control.get().config
        weights = [server.weight for backend in config.backends for server in backend.servers]
        assert weights == ([served, served] if served else [])
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
        match chance.randrange(6):
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
    assert len(re.findall(r"state: \S+/state-[ab]: .*damaged", proxy.process.stderr())) > 0
