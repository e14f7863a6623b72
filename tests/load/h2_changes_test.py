"""The first promise, for streams: a thousand transactions under two hundred streams at a time, and none of them is lost."""

import random
import threading

import pytest

from tests.support import configs
from tests.support.fairlead import Fairlead
from tests.support.h2_programs import Nghttpd
from tests.support.h2_wire import H2Wire, Stream, request
from tests.support.processes import Workbench
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.load, pytest.mark.timeout(300)]

STREAMS = 200
TRANSACTIONS = 1_000


class Streams:
    """A client that keeps `STREAMS` requests under way on one connection, and makes another one where that is asked to end."""

    def __init__(self, address: str):
        self._address = address
        self._stop = threading.Event()
        self.answered = 0
        self.failures: list[str] = []
        self.connections = 0
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(60)
        assert not self._thread.is_alive(), "streams are not answered"

    def _run(self) -> None:
        try:
            while not self._stop.is_set() and not self.failures:
                self._run_connection()
        except BaseException as error:
            self.failures.append(repr(error))

    def _run_connection(self) -> None:
        self.connections += 1
        with H2Wire.connect(self._address) as wire:
            under_way: list[Stream] = []
            number = 0
            while True:
                is_ending = self._stop.is_set() or wire.goaways
                while len(under_way) < STREAMS and not is_ending:
                    number += 1
                    method, body = ("POST", b"body") if number % 3 == 0 else ("GET", None)
                    stream = wire.open(request("/name", method=method), end=body is None)
                    if body is not None:
                        wire.send_body(stream, body)
                    under_way.append(stream)
                if not under_way:
                    return
                wire.step()
                for stream in [stream for stream in under_way if stream.is_over]:
                    under_way.remove(stream)
                    del wire.streams[stream.id]
                    self._judge(stream)

    def _judge(self, stream: Stream) -> None:
        if stream.head is None or stream.status != 200 or stream.reset is not None or not stream.body:
            self.failures.append(str(stream))
        else:
            self.answered += 1


class Change:
    """Changes of all kinds: w0 always takes requests, the others come and go."""

    def __init__(self, fairlead: Fairlead, servers: list[dict], protocol: str):
        self._control = fairlead.connect()
        self._servers = servers
        self._chance = random.Random(5)
        self._present: set[int] = set()
        self._site = configs.site(servers[0], protocol=protocol, http={"http2": {"max_concurrent_streams": 256}})
        self._control.replace(self._site)

    def close(self) -> None:
        self._control.close()

    def one(self) -> None:
        chosen = self._chance.randrange(1, len(self._servers))
        server = self._servers[chosen]
        if chosen not in self._present:
            self._present.add(chosen)
            self._control.apply(configs.upsert_server("web", {**server, "weight": self._chance.randint(1, 5)}))
            return
        kind = self._chance.choice(["remove", "weigh", "drain", "health", "rules", "table"])
        if kind == "remove":
            self._present.remove(chosen)
            self._control.apply(configs.remove_server("web", server["id"]))
        elif kind == "weigh":
            self._control.apply(configs.upsert_server("web", {**server, "weight": self._chance.randint(0, 9)}))
        elif kind == "drain":
            state = self._chance.choice(["DRAIN", "READY"])
            self._control.apply(configs.upsert_server("web", {**server, "admin_state": state}))
        elif kind == "health":
            status = self._chance.choice(["UP", "DOWN"])
            self._control.apply(configs.set_health("web", server["id"], status))
        elif kind == "rules":
            rule = configs.rule("all", "web", response_headers={"set": [{"name": "x", "value": str(chosen)}]})
            self._control.apply({"upsert_route_table": configs.route_table(rule)})
        else:
            limit = self._chance.randint(300, 400)
            listener = configs.listener(http2={"max_concurrent_streams": limit})
            self._control.apply({"upsert_listener": listener})


@pytest.mark.parametrize("protocol", ["HTTP1", "HTTP2"])
def test_no_stream_is_lost(bench: Workbench, io: str, start_origin, protocol: str):
    fairlead = Fairlead(bench, io)
    if protocol == "HTTP1":
        servers = [start_origin(f"w{number}").server() for number in range(6)]
    else:
        (bench.directory / "name").write_text("nghttpd\n")
        addresses = [Nghttpd(bench, name=f"nghttpd{number}").address for number in range(6)]
        servers = [{"id": f"w{number}", "address": address} for number, address in enumerate(addresses)]
    change = Change(fairlead, servers, protocol)
    streams = Streams(fairlead.listener())
    try:
        wait_until(lambda: streams.answered > 1_000 or streams.failures, "streams run")
        for _ in range(TRANSACTIONS):
            change.one()
            assert not streams.failures
        before = streams.answered
        wait_until(lambda: streams.answered > before + 1_000 or streams.failures, "streams still run")
    finally:
        streams.stop()
        change.close()
    assert streams.failures == []
    # Changes of a listener that goes on leave its connections alone.
    assert streams.connections == 1
