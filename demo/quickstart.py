"""The story that ../quickstart tells: a proxy that boots empty and is programmed while it serves."""

import argparse
import pathlib
import signal
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from demo.stage import BusyPort, Stage, Unexpected, expect, fail, say  # noqa: E402
from tests.support.waiting import wait_until  # noqa: E402


class Chapters:
    """Numbers the chapters."""

    def __init__(self) -> None:
        self._count = 0

    def begin(self, title: str) -> None:
        self._count += 1
        say(f"\n{self._count}. {title}")


def near(value: int, due: float, tolerance: float) -> bool:
    return abs(value - due) <= tolerance


def show_weights(stage: Stage) -> None:
    stage.wait_for_revision(1)
    stage.fairleadctl("status")
    answered = stage.ask("/api/", 1000)
    # Drawn anew for each request: 100 are due, with a deviation of 9.5.
    expect(near(answered.get("a2", 0), 100, 50), "api-v1 and api-v2 share /api/ by 90:10")
    answered = stage.ask("/", 300)
    expect(set(answered) == {"w1"}, "w1 alone answers /: w2 is down, by the controller's word, and w3 drains")
    stage.fairleadctl("health", "report", "web/w2", "up", "--ttl=10m", "--reporter=probe", "--reason=200 OK")
    wait_until(lambda: stage.server("w2")["eligible"], "w2 is eligible")
    answered = stage.ask("/", 300)
    expect(near(answered.get("w1", 0), 200, 3), "a probe says that w2 is up: w1 and w2 share by 100:50")


def add_drain_remove(stage: Stage) -> None:
    load = stage.load("load")
    address = stage.start_origin("w4")
    last = f'      - {{id: w3, address: "{stage.servers["w3"]}", weight: 100, admin_state: DRAIN}}'
    added = f'      - {{id: w4, address: "{address}", weight: 50}}'
    drained = f'      - {{id: w4, address: "{address}", weight: 50, admin_state: DRAIN}}'
    stage.edit(last, f"{last}\n{added}")
    answered = stage.ask("/", 400)
    # The load takes turns of the same rotation: what is left of it for these requests is not quite even.
    expect(near(answered.get("w4", 0), 100, 40), "w4 takes its share, 50 of 200, at once")
    stage.edit(added, drained)
    answered = stage.ask("/", 300)
    expect("w4" not in answered, "w4 gets nothing new")
    wait_until(lambda: stage.server("w4")["active_requests"] == 0, "w4 has finished")
    expect(True, "w4 has finished what it had")
    stage.edit(f"{last}\n{drained}", last)
    expect(stage.server("w4") is None, "w4 is gone")
    result = stage.stop_load(load)
    expect(result["failures"] == 0, f"{result['requests']} requests ran meanwhile, and none failed")


def report_health(stage: Stage) -> None:
    load = stage.load("load-2")
    stage.fairleadctl(
        "health", "report", "web/w1", "down", "--ttl=10m", "--reporter=probe", "--reason=503 from /health"
    )
    wait_until(lambda: not stage.server("w1")["eligible"], "w1 is not eligible")
    expect(set(stage.ask("/", 200)) == {"w2"}, "w1 is out; w2 answers everything")
    stage.fairleadctl("health", "report", "web/w1", "up", "--ttl=10m", "--reporter=probe", "--reason=200 OK")
    wait_until(lambda: stage.server("w1")["eligible"], "w1 is eligible")
    expect(set(stage.ask("/", 300)) == {"w1", "w2"}, "w1 is back")
    result = stage.stop_load(load)
    expect(result["failures"] == 0, f"{result['requests']} requests ran meanwhile, and none failed")


def refuse_a_bad_change(stage: Stage) -> None:
    before = stage.status()
    bad = stage.file.with_name("bad.yaml")
    bad.write_text(
        stage.original.replace(f'"{stage.servers["w2"]}", weight: 50', '"10.0.0.300:80", weight: 70000')
        .replace("backend: api-v2, weight: 10", "backend: api-v3, weight: 10")
        .replace("weight: 100}", "weight: 7}", 1)
    )
    say("    bad.yaml: w2 gets a bad address and too large a weight, a rule names a backend that is not there,")
    say("    and w1 gets a new weight, with which nothing is wrong")
    said = stage.fairleadctl("apply", "-f", str(bad), expected_code=1)
    expect("10.0.0.300:80" in said and "weight" in said and "api-v3" in said, "every fault is named, with its place")
    after = stage.status()
    same = all(before[field] == after[field] for field in ("revision", "fingerprint"))
    expect(same and stage.server("w1")["weight"] == 100, "nothing changed, not even w1's weight")


def switch_two_backends(stage: Stage) -> None:
    def rules(first: str, second: str) -> str:
        return (
            f"          - {{id: one, match: {{path_prefix: /one/}}, backends: [{{backend: {first}}}]}}\n"
            f"          - {{id: two, match: {{path_prefix: /two/}}, backends: [{{backend: {second}}}]}}\n"
        )

    a1, a2 = (f'- {{id: {name}, address: "{stage.servers[name]}"}}' for name in ("a1", "a2"))
    straight = stage.original.replace("          - id: api\n", rules("api-v1", "api-v2") + "          - id: api\n")
    crossed = straight.replace(a1, "%").replace(a2, a1).replace("%", a2)
    crossed = crossed.replace(rules("api-v1", "api-v2"), rules("api-v2", "api-v1"))
    say(
        "    Two routes: /one/ to the backend of a1, /two/ to the backend of a2. Then, 50 times over, one edit lets the"
    )
    say("    backends exchange their servers and the routes their backends: a mix of old and new would go wrong.")
    stage.write(straight)
    expectations = ["--path=/one/", "--path=/two/", "--expect_origin=a1", "--expect_origin=a2"]
    load = stage.load("load-3", *expectations)
    for number in range(50):
        stage.write(straight if number % 2 else crossed)
    result = stage.stop_load(load)
    expect(result["failures"] == 0, f"{result['requests']} requests ran meanwhile, and none saw a mix")
    stage.write(stage.original)


def tell(stage: Stage) -> None:
    chapter = Chapters()
    chapter.begin("Weights, admin states and health, as the file has them")
    show_weights(stage)
    chapter.begin("A server is added, drained and removed under load")
    add_drain_remove(stage)
    chapter.begin("A health report takes a server out and brings it back")
    report_health(stage)
    chapter.begin("A bad change is refused as a whole, with its reasons")
    refuse_a_bad_change(stage)
    chapter.begin("Two backends switch in one step")
    switch_two_backends(stage)
    say(f"\n{stage.requests} requests, failures: {stage.failures}")


def stay(stage: Stage) -> None:
    say(
        f"""
Everything still runs:

  the site               http://{stage.listener}/
  status and metrics     http://{stage.admin}/status  http://{stage.admin}/metrics
  the controller's file  {stage.file}

Edit the file, and the running proxy changes at once. Ctrl-C ends it all."""
    )
    signal.sigwait({signal.SIGINT, signal.SIGTERM})


def main() -> int:
    parser = argparse.ArgumentParser(prog="./quickstart")
    parser.add_argument("--once", action="store_true", help="end after the show: 0 only if all of it held")
    parser.add_argument("--any_ports", action="store_true", help="free ports in place of 8080 and 9001 to 9005")
    options = parser.parse_args()

    # Before the first program starts: a signal must not leave any of them behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with tempfile.TemporaryDirectory(prefix="fairlead-quickstart-", dir="/tmp") as directory:
        stage = Stage(pathlib.Path(directory))
        try:
            say("Five demo origins, a controller that watches a YAML file, and an empty fairlead that dials it:")
            stage.start(options.any_ports)
            tell(stage)
            if not options.once:
                signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
                stay(stage)
            return 0
        except BusyPort as error:
            fail(f"{error}. Free them, or run ./quickstart --any_ports.")
        except (Unexpected, AssertionError) as error:
            fail(f"this did not hold: {error}")
            for name, text in stage.logs().items():
                print(f"--- end of {name}\n{text}", file=sys.stderr)
        except KeyboardInterrupt:
            pass
        finally:
            stage.close()
    return 1


if __name__ == "__main__":
    sys.exit(main())
