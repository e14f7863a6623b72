"""Any of 3 probers, 3 proxies, 20 servers are killed, stopped, cut off, and come back. In each round, what every proxy decides
must agree with the truth within the bounds that docs/PROBER.md writes down, and stay so.

Here all probers that reach a proxy are right, and the last word decides. Those that are wrong are in prober_quorums_test.py."""

import random

import pytest

from tests.support.network import Network
from tests.support.processes import Workbench
from tests.support.prober_fleet import (
    BOUND,
    GRACE,
    INTERVAL,
    MACHINES,
    PROBER_BACK,
    PROBERS,
    PROXIES,
    PROXY_BACK,
    TTL,
    Fleet,
)
from tests.support.waiting import wait_until


@pytest.fixture
def fleet(bench: Workbench, network: Network) -> Fleet:
    started = Fleet(bench, network)
    started.agrees_within(PROBER_BACK + INTERVAL + GRACE)
    return started


def harm_servers(fleet: Fleet, draw: random.Random) -> None:
    fleet.harm_servers(draw)


def harm_machine(fleet: Fleet, draw: random.Random) -> None:
    fleet.unplug(draw.choice(MACHINES))


def kill_prober(fleet: Fleet, draw: random.Random) -> None:
    fleet.kill(draw.choice(PROBERS))


def isolate_prober(fleet: Fleet, draw: random.Random) -> None:
    """It sees nothing but itself: all servers down, and nobody to tell."""
    fleet.unplug(draw.choice(PROBERS))


def kill_proxy(fleet: Fleet, draw: random.Random) -> None:
    fleet.kill(draw.choice(PROXIES))


def cut_links(fleet: Fleet, draw: random.Random) -> None:
    """Each proxy loses the word of one prober or two."""
    for proxy in PROXIES:
        for prober in draw.sample(PROBERS, draw.choice((1, 2))):
            fleet.cut_off(prober, proxy)


def part_probers(fleet: Fleet, draw: random.Random) -> None:
    """They can't hear each other, but all else."""
    one, other = draw.sample(PROBERS, 2)
    fleet.cut_off(one, other)


HARMS = (
    (harm_servers,),
    (kill_prober, harm_servers),
    (isolate_prober, harm_servers),
    (cut_links, harm_servers),
    (part_probers, kill_proxy, harm_servers),
    (harm_machine, kill_prober),
)


def test_decisions_agree_with_the_truth_within_the_bounds(fleet: Fleet) -> None:
    draw = random.Random(20)
    for harms in HARMS:
        for harm in harms:
            harm(fleet, draw)
        fleet.agrees_within(BOUND + GRACE)
        fleet.heal()
        fleet.agrees_within(BOUND + GRACE)


def test_a_proxy_that_no_prober_reaches_knows_nothing_and_then_everything(fleet: Fleet) -> None:
    fleet.unplug("x1")
    assert fleet.reaches("x2") and not fleet.reaches("x1")
    fleet.agrees_within(TTL + GRACE)
    fleet.heal()
    fleet.agrees_within(PROXY_BACK + INTERVAL / 2 + GRACE)


def test_an_isolated_prober_that_comes_back_says_nothing_false(fleet: Fleet) -> None:
    """While it was cut off it saw every server down. Nobody ever hears of that."""
    for prober in PROBERS:
        fleet.unplug(prober)
    # Long enough for it to have made up its mind.
    unknown = {server: "UNKNOWN" for server in fleet.servers}
    wait_until(lambda: all(fleet.decisions(proxy) == unknown for proxy in PROXIES), "leases are over", TTL + GRACE)
    fleet.heal()
    fleet.agrees_within(BOUND + GRACE)
    assert not fleet.turns_to_down(fleet.servers)
