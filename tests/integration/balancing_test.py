"""Which server of a backend answers."""

from collections import Counter

import pytest

from tests.support import configs
from tests.support.fairlead import Fairlead
from tests.support.hammer import Hammer, assert_no_failure
from tests.support.processes import Workbench
from tests.support.scripted_origin import ScriptedOrigin
from tests.support.wire import Wire, get


def answers(wire: Wire, count: int) -> list[str]:
    """Who answers so many requests, one after another."""
    return [wire.request(get("/")).get("x-origin") or "nobody" for _ in range(count)]


@pytest.fixture
def alone(bench: Workbench, io: str) -> Fairlead:
    """A proxy of one worker: one rotation."""
    return Fairlead(bench, io, workers=1)


def serve(fairlead: Fairlead, start_origin, weights: dict[str, int], policy: str = "ROUND_ROBIN") -> None:
    servers = [start_origin(name).server(weight=weight) for name, weight in weights.items()]
    with fairlead.connect() as control:
        control.replace(configs.site(*servers, policy=policy))


def test_5_3_2_splits_a_thousand_requests_within_a_percent(alone: Fairlead, start_origin):
    serve(alone, start_origin, {"a": 5, "b": 3, "c": 2})
    with alone.open() as wire:
        counts = Counter(answers(wire, 1000))
    for name, share in {"a": 500, "b": 300, "c": 200}.items():
        assert abs(counts[name] - share) <= 10


def test_5_3_2_splits_within_a_percent_over_workers_and_connections(fairlead: Fairlead, start_origin):
    serve(fairlead, start_origin, {"a": 5, "b": 3, "c": 2})
    counts: Counter[str] = Counter()
    for _ in range(10):
        with fairlead.open() as wire:
            counts.update(answers(wire, 100))
    for name, share in {"a": 500, "b": 300, "c": 200}.items():
        assert abs(counts[name] - share) <= 10


def test_every_ten_requests_are_split_exactly_and_smoothly(alone: Fairlead, start_origin):
    serve(alone, start_origin, {"a": 5, "b": 3, "c": 2})
    with alone.open() as wire:
        sequence = answers(wire, 100)
    for begin in range(0, 100, 10):
        assert Counter(sequence[begin : begin + 10]) == {"a": 5, "b": 3, "c": 2}
    # Spread evenly: the heaviest never comes three times in a row, the others never twice.
    assert "aaa" not in "".join(sequence)
    assert "bb" not in "".join(sequence)
    assert "cc" not in "".join(sequence)


@pytest.mark.parametrize("taken", range(4))
def test_a_new_server_moves_nobody_elses_place(alone: Fairlead, start_origin, taken: int):
    serve(alone, start_origin, {"a": 1, "b": 1, "c": 1})
    late = start_origin("d")
    with alone.open() as wire, alone.connect() as control:
        before = answers(wire, 3 + taken)
        control.apply(configs.upsert_server("web", late.server(weight=1)))
        after = answers(wire, 12)
        # The others go on where they were, as if nobody had come.
        expected = (before[:3] * 10)[len(before) :]
        others = [name for name in after if name != "d"]
        assert others == expected[: len(others)]
        assert after.count("d") == 3
        control.apply(configs.remove_server("web", "d"))
        expected = expected[len(others) :]
        assert answers(wire, 9) == expected[:9]


def test_a_change_of_another_backend_moves_nobodys_place(alone: Fairlead, start_origin):
    serve(alone, start_origin, {"a": 1, "b": 1, "c": 1})
    with alone.open() as wire, alone.connect() as control:
        sequence = []
        for number in range(30):
            sequence += answers(wire, 1)
            control.apply({"upsert_backend": configs.backend(f"other-{number}")})
        assert sequence == sequence[:3] * 10


def test_a_new_weight_counts_at_once(alone: Fairlead, start_origin):
    serve(alone, start_origin, {"a": 1, "b": 1})
    with alone.open() as wire, alone.connect() as control:
        assert Counter(answers(wire, 10)) == {"a": 5, "b": 5}
        address = alone.server_status("web", "b")["address"]
        control.apply(configs.upsert_server("web", {"id": "b", "address": address, "weight": 4}))
        assert Counter(answers(wire, 100))["b"] == pytest.approx(80, abs=1)


@pytest.mark.parametrize("policy", ["ROUND_ROBIN", "LEAST_REQUEST", "RANDOM"])
def test_weight_0_takes_nothing(fairlead: Fairlead, start_origin, policy: str):
    serve(fairlead, start_origin, {"a": 1, "zero": 0, "b": 1}, policy)
    with fairlead.open() as wire:
        counts = Counter(answers(wire, 200))
    assert counts["zero"] == 0
    assert counts["a"] + counts["b"] == 200
    assert min(counts["a"], counts["b"]) > 40


def test_a_weight_left_out_is_1(alone: Fairlead, start_origin):
    servers = [start_origin("a").server(), start_origin("b").server(weight=3)]
    with alone.connect() as control:
        control.replace(configs.site(*servers))
    with alone.open() as wire:
        assert Counter(answers(wire, 100)) == {"a": 25, "b": 75}


def test_random_draws_by_weight(fairlead: Fairlead, start_origin):
    serve(fairlead, start_origin, {"a": 3, "b": 1}, "RANDOM")
    with fairlead.open() as wire:
        sequence = answers(wire, 2000)
    # 500 are due; six deviations (of 19.4) are never seen.
    assert 380 < sequence.count("b") < 620
    # No rotation: of 500 groups of four, many hold no b or two.
    assert len({tuple(sequence[begin : begin + 4]) for begin in range(0, 2000, 4)}) > 4


def test_least_request_sends_less_to_a_slower_server(fairlead: Fairlead, bench: Workbench, start_origin):
    quick = start_origin("quick")

    def crawl(wire: Wire) -> None:
        while True:
            wire.read_request()
            if not wire.stays_open(0.05):  # slow: for so long it only looks whether somebody still waits
                return
            wire.send("HTTP/1.1 200 OK\r\nX-Origin: slow\r\nContent-Length: 0\r\n\r\n")

    with ScriptedOrigin(crawl) as slow:
        with fairlead.connect() as control:
            servers = [quick.server(), {"id": "slow", "address": slow.address}]
            control.replace(configs.site(*servers, policy="LEAST_REQUEST"))
        hammer = Hammer(bench, fairlead.listener(), "--connections=16", "--requests=2000")
        result = hammer.result()
        assert_no_failure(result)
        # In turn it would be 1,000 of them; drawing the slow one twice still sends some there.
        assert 0 < result["origins"]["slow"] < 800
