"""A controller that proxies dial (`fairlead --control`), with every move in the test's hands."""

import queue
from concurrent import futures
from typing import Any

import grpc

from tests.support import api
from tests.support.ports import closed_port
from tests.support.waiting import DEADLINE_SECONDS, wait_until


class ProxySession:
    """One proxy's stream."""

    def __init__(self, hello: Any):
        self.hello = hello
        self.received: queue.Queue = queue.Queue()
        self.heartbeats: list[int] = []
        self.is_over = False
        self._outgoing: queue.Queue = queue.Queue()

    def send(self, **message: Any) -> None:
        self._outgoing.put(api.control.ToProxy(**message))

    def end(self) -> None:
        """Ends the stream in order."""
        self._outgoing.put(None)

    def apply(self, identity: str, snapshot: dict[str, Any], **fields: Any) -> Any:
        """Sends a snapshot; returns Applied."""
        transaction = api.message(api.transaction.Transaction, {"id": identity, "snapshot": snapshot, **fields})
        self.send(transaction=transaction)
        answer = self.received.get(timeout=DEADLINE_SECONDS)
        assert answer.WhichOneof("message") == "applied", answer
        return answer.applied


class ControllerServer(api.services.ControlPlaneServicer):
    """Serves ControlPlane on a port of its own, at which another can come after it. With `heartbeat_seconds` it sends
    heartbeats; without, it is silent."""

    def __init__(self, heartbeat_seconds: float | None = 0.2, address: str | None = None):
        self._heartbeat_seconds = heartbeat_seconds
        self.sessions: list[ProxySession] = []
        self._server = grpc.server(futures.ThreadPoolExecutor(16), options=[("grpc.so_reuseport", 0)])
        api.services.add_ControlPlaneServicer_to_server(self, self._server)
        self.address = address or closed_port()
        assert self._server.add_insecure_port(self.address) != 0, f"can't listen on {self.address}"
        self._server.start()

    def __enter__(self) -> "ControllerServer":
        return self

    def __exit__(self, *_) -> None:
        self.stop()

    def stop(self) -> None:
        """Cuts all streams and closes the port."""
        for session in self.sessions:
            session.end()
        self._server.stop(0).wait()

    def wait_for_session(self, count: int = 1) -> ProxySession:
        """The latest session, once there have been `count` in all."""
        wait_until(lambda: len(self.sessions) >= count, f"{count} sessions of proxies")
        return self.sessions[-1]

    def Connect(self, requests: Any, context: grpc.ServicerContext) -> Any:
        session = ProxySession(next(requests).hello)
        self.sessions.append(session)
        receiving = futures.ThreadPoolExecutor(1)
        receiving.submit(self._receive, session, requests)
        sequence = 0
        while context.is_active() and not session.is_over:
            try:
                message = session._outgoing.get(timeout=self._heartbeat_seconds or 0.2)
            except queue.Empty:
                if self._heartbeat_seconds is None:
                    continue
                sequence += 1
                message = api.control.ToProxy(heartbeat=api.control.Heartbeat(sequence=sequence))
            if message is None:
                break
            yield message
        session.is_over = True

    @staticmethod
    def _receive(session: ProxySession, requests: Any) -> None:
        try:
            for message in requests:
                if message.WhichOneof("message") == "heartbeat":
                    session.heartbeats.append(message.heartbeat.sequence)
                else:
                    session.received.put(message)
        except grpc.RpcError:
            pass  # the proxy went away
        session.is_over = True
