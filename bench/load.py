"""One proxy under the load of wrk or h2load, and all of them in turns."""

import dataclasses
import json
import re
import statistics
import subprocess
import sys
import tempfile

from bench.machine import Machine
from bench.peers import Peer
from bench.programs import REPOSITORY


@dataclasses.dataclass(frozen=True)
class Case:
    """What is asked for: by wrk, or by h2load with so many streams at a time on each connection."""

    title: str
    connections: int
    path: str = "/"
    fields: tuple[str, ...] = ()  # of the request's head, "Name: value"
    scheme: str = "http"
    streams: int = 0


@dataclasses.dataclass
class Sample:
    """One proxy under load for one round."""

    cpu_us: float  # of processor time, user's and system's, a request
    per_second: float
    p50_us: float
    p99_us: float
    p999_us: float
    rss_kib: int


# By case, then by the proxy's name; one for each round.
Samples = dict[Case, dict[str, list[Sample]]]


@dataclasses.dataclass
class _Load:
    """What a client saw."""

    requests: int
    bad: int
    microseconds: float
    p50_us: float
    p99_us: float
    p999_us: float


def _wrk(machine: Machine, peer: Peer, case: Case, seconds: int) -> _Load:
    flags = ["--threads=1", f"--connections={case.connections}", f"--duration={seconds}s"]
    fields = [argument for field in case.fields for argument in ("--header", field)]
    script = f"--script={REPOSITORY / 'bench/report.lua'}"
    command = machine.for_load("wrk", *flags, *fields, script, f"{case.scheme}://{peer.address}{case.path}")
    output = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    return _Load(**json.loads(output.splitlines()[-1]))


def _h2load(machine: Machine, peer: Peer, case: Case, seconds: int) -> _Load:
    flags = ["--threads=1", f"--clients={case.connections}", f"--max-concurrent-streams={case.streams}"]
    with tempfile.NamedTemporaryFile(mode="r", prefix="fairlead-bench-h2load-", dir="/tmp") as log:
        files = [f"--log-file={log.name}", f"{case.scheme}://{peer.address}{case.path}"]
        command = machine.for_load("h2load", *flags, f"--duration={seconds}", *files)
        output = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
        # When each began, its status, how long it took.
        rows = [line.split("\t") for line in log]
    times = sorted(int(row[2]) for row in rows if row[1] == "200")
    counts = re.search(r"(\d+) failed, (\d+) errored, (\d+) timeout", output)
    if not times or not counts:
        sys.exit(f"{peer.name}, {case.title}: h2load says {output}")
    return _Load(
        requests=len(times),
        bad=len(rows) - len(times) + sum(map(int, counts.groups())),
        microseconds=seconds * 1e6,
        p50_us=times[len(times) // 2],
        p99_us=times[len(times) * 99 // 100],
        p999_us=times[len(times) * 999 // 1000],
    )


def steady_times(machine: Machine, peer: Peer, scheme: str, rate: int, seconds: int) -> list[float]:
    """How long requests took at a steady rate on connections that stand, in µs, from the shortest."""
    clients = 20
    flags = ["--h1", f"--clients={clients}", f"--rps={rate // clients}", f"--duration={seconds}", "--warm-up-time=1"]
    with tempfile.NamedTemporaryFile(mode="r", prefix="fairlead-bench-h2load-", dir="/tmp") as log:
        command = machine.for_load("h2load", *flags, f"--log-file={log.name}", f"{scheme}://{peer.address}/")
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
        rows = [line.split("\t") for line in log]
    if any(status != "200" for _, status, _ in rows) or not rows:
        sys.exit(f"{peer.name}: requests went wrong: a comparison without meaning")
    return sorted(float(row[2]) for row in rows)


def percentile(times: list[float], share: float) -> float:
    """Of sorted ones: percentile(times, 0.99)."""
    return times[int(share * (len(times) - 1))]


def measure(machine: Machine, peer: Peer, case: Case, seconds: int) -> Sample:
    cpu_before = peer.process.cpu_seconds()
    load = (_h2load if case.streams else _wrk)(machine, peer, case, seconds)
    rss_kib = peer.process.resident_kib()
    cpu = peer.process.cpu_seconds() - cpu_before
    if load.bad or not load.requests:
        sys.exit(f"{peer.name}, {case.title}: {load.bad} requests went wrong: a comparison without meaning")
    return Sample(
        cpu_us=cpu * 1e6 / load.requests,
        per_second=load.requests * 1e6 / load.microseconds,
        p50_us=load.p50_us,
        p99_us=load.p99_us,
        p999_us=load.p999_us,
        rss_kib=rss_kib,
    )


def measure_in_turns(machine: Machine, peers: list[Peer], cases: list[Case], rounds: int, seconds: int) -> Samples:
    samples: Samples = {case: {peer.name: [] for peer in peers} for case in cases}
    for peer in peers:  # what only the first requests cost
        measure(machine, peer, cases[-1], 1)
    for number in range(rounds):
        for case in cases:
            # Another one begins each round, so that none has always the same neighbour.
            for peer in peers[number % len(peers) :] + peers[: number % len(peers)]:
                sample = measure(machine, peer, case, seconds)
                samples[case][peer.name].append(sample)
                print(
                    f"round {number + 1}/{rounds}, {case.title}, {peer.name:<18}"
                    f"{sample.cpu_us:>8.2f} µs{sample.per_second:>9.0f}/s",
                    flush=True,
                )
    return samples


def print_samples(case: Case, by_peer: dict[str, list[Sample]]) -> None:
    """Medians, and the cost by that of the best of the others."""

    def median(name: str, field: str) -> float:
        return statistics.median(getattr(sample, field) for sample in by_peer[name])

    best = min(median(name, "cpu_us") for name in by_peer if not name.startswith("fairlead"))
    print(f"\n{case.title}")
    print(
        f"{'':<18}{'CPU µs/request':>15}{'± %':>6}{'ratio':>8}{'requests/s':>12}"
        f"{'p50 µs':>9}{'p99 µs':>9}{'p99.9 µs':>10}{'RSS MiB':>9}"
    )
    for name, samples in by_peer.items():
        costs = [sample.cpu_us for sample in samples]
        cost = statistics.median(costs)
        spread = 100 * (max(costs) - min(costs)) / 2 / cost
        print(
            f"{name:<18}{cost:>15.2f}{spread:>6.0f}{cost / best:>8.2f}{median(name, 'per_second'):>12.0f}"
            f"{median(name, 'p50_us'):>9.0f}{median(name, 'p99_us'):>9.0f}{median(name, 'p999_us'):>10.0f}"
            f"{median(name, 'rss_kib') / 1024:>9.1f}"
        )
