"""A controller that changes what a Fairlead serves as fast as it is asked to: messages are made beforehand, as bytes."""

import collections
import dataclasses
import itertools
import queue
import time
from collections.abc import Callable, Iterable, Iterator, Sequence

import grpc

from tests.support import api

BACKEND = "churned"
HASH_POLICIES = ("RING_HASH", "MAGLEV")
POLICIES = ("ROUND_ROBIN", *HASH_POLICIES)
HEARTBEAT_SECONDS = 3


def address_of(number: int) -> str:
    """Of a server that nobody asks for anything."""
    return f"127.{1 + number // 62_500}.{number // 250 % 250}.{1 + number % 250}:80"


def set_health(number: int, state: int) -> bytes:
    status = api.health.Health.DOWN if state else api.health.Health.UP
    return _operation(set_health=api.health.HealthState(backend=BACKEND, server=f"s{number}", status=status))


def set_weight(number: int, state: int) -> bytes:
    return _upsert(f"s{number}", number, weight=5 + state)


def add_or_remove(number: int, state: int) -> bytes:
    if state:
        return _upsert(f"more{number}", number)
    return _operation(remove_server=api.transaction.ServerRef(backend=BACKEND, server=f"more{number}"))


# By name: what makes the change of a server to one of two states and back, 1 first.
CHANGES: dict[str, Callable[[int, int], bytes]] = {"health": set_health, "weight": set_weight, "add, remove": add_or_remove}


def _upsert(name: str, number: int, **fields: int) -> bytes:
    server = api.resources.Server(id=name, address=address_of(number), **fields)
    return _operation(upsert_server=api.transaction.UpsertServer(backend=BACKEND, server=server))


def _operation(**fields: object) -> bytes:
    """As it stands in a Transaction."""
    return api.transaction.Transaction(operations=[api.transaction.Operation(**fields)]).SerializeToString()


def servers_snapshot(servers: int) -> bytes:
    """A transaction that leaves that backend with so many servers, and nothing else."""
    snapshot = api.resources.Snapshot()
    backend = snapshot.backends.add(id=BACKEND)
    for number in range(servers):
        backend.servers.add(id=f"s{number}", address=address_of(number))
    return api.transaction.Transaction(snapshot=snapshot).SerializeToString()


def added_servers(servers: int, policy: str = "ROUND_ROBIN") -> bytes:
    """A transaction that adds that backend with so many."""
    balancing = api.resources.LoadBalancing(policy=policy)
    if policy in HASH_POLICIES:
        balancing.hash.add(header="user")
    backend = api.transaction.Operation(upsert_backend=api.resources.Backend(id=BACKEND, load_balancing=balancing))
    first = api.transaction.Transaction(operations=[backend]).SerializeToString()
    return first + b"".join(_upsert(f"s{number}", number) for number in range(servers))


@dataclasses.dataclass
class Pace:
    """How changes at a steady rate went."""

    changes: int
    seconds: float
    late_transactions: int  # sent over 100 ms behind their time


class Controller:
    """One stream to a Fairlead's control socket. An answer other than Applied is an error."""

    _numbers = itertools.count(1)

    def __init__(self, address: str):
        options = [("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", -1)]
        self._channel = grpc.insecure_channel(address, options=options)
        self._outgoing: queue.Queue = queue.Queue()
        connect = self._channel.stream_stream(
            "/fairlead.v1.DataPlane/Connect",
            request_serializer=lambda message: message,
            response_deserializer=api.control.FromProxy.FromString,
        )
        self._answers = self._not_heartbeats(connect(self._outgoing_or_heartbeats()))
        next(self._answers)  # Hello
        self._started: collections.deque[float] = collections.deque()

    def close(self) -> None:
        self._outgoing.put(None)
        self._channel.close()

    def _outgoing_or_heartbeats(self) -> Iterator[bytes]:
        while True:
            try:
                message = self._outgoing.get(timeout=HEARTBEAT_SECONDS)
            except queue.Empty:
                message = api.control.ToProxy(heartbeat=api.control.Heartbeat()).SerializeToString()
            if message is None:
                return
            yield message

    @staticmethod
    def _not_heartbeats(answers: Iterable) -> Iterator:
        return (answer for answer in answers if answer.WhichOneof("message") != "heartbeat")

    def begin(self, body: bytes) -> None:
        """Sends a transaction of these contents, without waiting for the answer."""
        identity = api.transaction.Transaction(id=f"bench-{next(self._numbers)}").SerializeToString()
        transaction = identity + body
        self._started.append(time.perf_counter())
        # ToProxy.transaction: field 1, by its length.
        self._outgoing.put(b"\x0a" + _varint(len(transaction)) + transaction)

    def finish(self) -> float:
        """Waits for the answer to the oldest; returns the seconds since it was sent."""
        answer = next(self._answers)
        if answer.WhichOneof("message") != "applied":
            raise AssertionError(f"not applied: {str(answer)[:500]}")
        return time.perf_counter() - self._started.popleft()

    def apply(self, body: bytes) -> float:
        self.begin(body)
        return self.finish()

    def pace(self, bodies: Sequence[bytes], changes_each: int, interval: float, seconds: float) -> Pace:
        """Sends the transactions in turns, one at each interval; what falls behind is sent at once."""
        begin = time.perf_counter()
        late = sent = 0
        for number in itertools.count():
            due = begin + number * interval
            if due - begin >= seconds:
                break
            if (early := due - time.perf_counter()) > 0:
                time.sleep(early)
            elif early < -0.1:
                late += 1
            self.begin(bodies[number % len(bodies)])
            sent += 1
            while len(self._started) > 50:  # a controller that hears nothing sends no more
                self.finish()
        while self._started:
            self.finish()
        return Pace(sent * changes_each, time.perf_counter() - begin, late)


def _varint(number: int) -> bytes:
    encoded = bytearray()
    while number >= 0x80:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)
