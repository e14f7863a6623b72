"""Probers that are wrong: they reach proxies, but not servers, or not all of them. The proxies' quorums overrule them, and what is
decided agrees with the truth within the same bounds (docs/PROBER.md)."""

import random
import time

import pytest

from tests.support.network import Network
from tests.support.processes import Workbench
from tests.support.prober_fleet import (
    BOUND,
    DECIDED,
    GRACE,
    INTERVAL,
    MACHINES,
    PROBER_BACK,
    PROBERS,
    PROXIES,
    UP_AGAIN,
    Fleet,
)

# Each prober checks all servers, and two of the three must say so: one may be wrong, or gone, at a time.
TWO_OF_THREE = {"replicas": 3, "health": {"down": {"votes": 2}}}


def start(bench: Workbench, network: Network, **options) -> Fleet:
    fleet = Fleet(bench, network, **options)
    fleet.agrees_within(PROBER_BACK + INTERVAL + GRACE)
    # All have spoken: from here on, a decision is by all three.
    for prober in PROBERS:
        fleet.wait_for_votes(prober, "UP", fleet.servers)
    return fleet


@pytest.fixture
def fleet(bench: Workbench, network: Network) -> Fleet:
    return start(bench, network, **TWO_OF_THREE)


def test_a_prober_that_reaches_proxies_but_no_server_is_overruled(fleet: Fleet) -> None:
    fleet.blind("p1")
    fleet.wait_for_votes("p1", "DOWN", fleet.servers)
    fleet.agrees_within(0)
    assert not fleet.turns_to_down(fleet.servers)
    # Its word is wrong, and counts: with that of one who is right it takes out what is down indeed.
    fleet.kill("p2")
    fleet.harm_servers(random.Random(1))
    fleet.agrees_within(DECIDED + GRACE)
    unharmed = fleet.servers.keys() - fleet.dead - fleet.stopped
    fleet.heal()
    fleet.agrees_within(BOUND + GRACE)
    assert not fleet.turns_to_down(unharmed)
    fleet.wait_for_votes("p1", "UP", fleet.servers)


def test_a_prober_that_is_killed_and_started_again_is_believed_at_once(fleet: Fleet) -> None:
    """Its second life contradicts what the first said, whose reports live on. x1 hears nobody but it and p3: without its word
    nothing is decided there."""
    draw = random.Random(2)
    fleet.cut_off("p1", "x1")
    for _ in range(3):
        some = next(iter(fleet.servers))
        before = fleet.vote("x1", some, "p2")["incarnation"]
        fleet.harm_servers(draw)
        harmed = fleet.dead | fleet.stopped
        fleet.restart("p2")
        fleet.agrees_within(BOUND + GRACE)
        fleet.wait_for_votes("p2", "DOWN", harmed, ["x1"])
        assert fleet.vote("x1", next(iter(harmed)), "p2")["incarnation"] > before
        fleet.revive_servers()
        fleet.restart("p2")
        fleet.agrees_within(BOUND + GRACE)


def test_servers_that_one_failure_domain_does_not_reach_stay_in(bench: Workbench, network: Network) -> None:
    fleet = start(
        bench,
        network,
        replicas=3,
        health={"down": {"votes": 2, "failure_domains": 2}},
        domains={"p1": "zone-a", "p2": "zone-a", "p3": "zone-b"},
    )
    behind = [server for server, (machine, _) in fleet.servers.items() if machine == "m1"]
    for prober in ("p1", "p2"):
        fleet.cut_off(prober, "m1")
    for prober in ("p1", "p2"):
        fleet.wait_for_votes(prober, "DOWN", behind)
    fleet.agrees_within(0)
    assert not fleet.turns_to_down(fleet.servers)
    # Now nobody reaches them; and then the other domain does again.
    fleet.unplug("m1")
    fleet.agrees_within(DECIDED + GRACE)
    fleet.plug_in("m1")
    fleet.agrees_within(UP_AGAIN + GRACE)
    fleet.heal()
    fleet.agrees_within(BOUND + GRACE)
    assert not fleet.turns_to_down(fleet.servers.keys() - set(behind))


def blind_one(fleet: Fleet, draw: random.Random) -> None:
    fleet.blind(draw.choice(PROBERS))


def blind_each_to_another_machine(fleet: Fleet, draw: random.Random) -> None:
    for prober, machine in zip(PROBERS, draw.sample(MACHINES, 3), strict=True):
        fleet.cut_off(prober, machine)


def blind_one_and_kill_another(fleet: Fleet, draw: random.Random) -> None:
    blinded, killed = draw.sample(PROBERS, 2)
    fleet.blind(blinded)
    fleet.kill(killed)


def blind_one_and_cut_another_from_a_proxy(fleet: Fleet, draw: random.Random) -> None:
    blinded, other = draw.sample(PROBERS, 2)
    fleet.blind(blinded)
    fleet.cut_off(other, draw.choice(PROXIES))


def cut_each_from_another_proxy(fleet: Fleet, draw: random.Random) -> None:
    for prober, proxy in zip(PROBERS, draw.sample(PROXIES, 3), strict=True):
        fleet.cut_off(prober, proxy)


def blind_one_and_restart_another(fleet: Fleet, draw: random.Random) -> None:
    blinded, other = draw.sample(PROBERS, 2)
    fleet.blind(blinded)
    fleet.restart(other)


HARMS = (
    blind_one,
    blind_each_to_another_machine,
    blind_one_and_kill_another,
    blind_one_and_cut_another_from_a_proxy,
    cut_each_from_another_proxy,
    blind_one_and_restart_another,
)


def test_decisions_agree_with_the_truth_though_one_is_wrong(fleet: Fleet) -> None:
    draw = random.Random(3)
    for harm in HARMS:
        began = time.monotonic()
        harm(fleet, draw)
        fleet.harm_servers(draw)
        fleet.agrees_within(BOUND + GRACE)
        unharmed = fleet.servers.keys() - fleet.dead - fleet.stopped
        fleet.heal()
        fleet.agrees_within(BOUND + GRACE)
        assert not fleet.turns_to_down(unharmed, began), harm.__name__
        # With the next harm, it is again one of three that is wrong.
        for prober in PROBERS:
            fleet.wait_for_votes(prober, "UP", fleet.servers)
