"""A controller's side of the conversation, dialled to a proxy's --control_listen."""

import itertools
import os
import queue
import threading
from typing import Any

import grpc

from tests.support import api
from tests.support.waiting import DEADLINE_SECONDS

_numbers = itertools.count(1)


class Rejection(AssertionError):
    """A transaction that was expected to apply was rejected."""

    def __init__(self, rejected: Any):
        super().__init__("rejected:\n" + "\n".join(f"{v.path}: {v.message}" for v in rejected.violations))
        self.rejected = rejected


class ControlSession:
    """One stream of DataPlane.Connect. Answers are taken in order; heartbeats are passed over."""

    def __init__(self, address: str):
        """`address`: "unix:/path" or "IP:port"."""
        self._channel = grpc.insecure_channel(address)
        self._outgoing: queue.Queue = queue.Queue()
        self._incoming: queue.Queue = queue.Queue()
        self._responses = api.services.DataPlaneStub(self._channel).Connect(iter(self._outgoing.get, None))
        self.heartbeats: list[int] = []
        threading.Thread(target=self._receive, daemon=True).start()
        self.hello = self.receive("hello")

    def __enter__(self) -> "ControlSession":
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def close(self) -> None:
        self._outgoing.put(None)
        self._channel.close()

    def _receive(self) -> None:
        try:
            for message in self._responses:
                if message.WhichOneof("message") == "heartbeat":
                    self.heartbeats.append(message.heartbeat.sequence)
                else:
                    self._incoming.put(message)
            self._incoming.put(None)
        except grpc.RpcError as error:
            self._incoming.put(error)

    def send(self, **message: Any) -> None:
        """send(transaction=…), send(heartbeat=…), …"""
        self._outgoing.put(api.control.ToProxy(**message))

    def receive_any(self, seconds: float = DEADLINE_SECONDS) -> Any:
        """The next message but heartbeats; None when the proxy has ended the stream; its error is raised."""
        try:
            message = self._incoming.get(timeout=seconds)
        except queue.Empty:
            raise AssertionError(f"the proxy said nothing for {seconds} s") from None
        if isinstance(message, grpc.RpcError):
            raise message
        return message

    def receive(self, kind: str, seconds: float = DEADLINE_SECONDS) -> Any:
        """The next message, which must be of that kind."""
        message = self.receive_any(seconds)
        assert message is not None, f"the proxy ended the stream; {kind} was expected"
        assert message.WhichOneof("message") == kind, f"expected {kind}: {message}"
        return getattr(message, kind)

    def transact(self, fields: dict[str, Any] | str) -> Any:
        """Sends the transaction, in its YAML form, with an id unless it has one; returns its Applied or Rejected."""
        transaction = api.message(api.transaction.Transaction, fields)
        transaction.id = transaction.id or f"test-{os.getpid()}-{next(_numbers)}"
        self.send(transaction=transaction)
        answer = self.receive_any()
        kind = answer.WhichOneof("message")
        assert kind in ("applied", "rejected"), f"expected an answer to a transaction: {answer}"
        result = getattr(answer, kind)
        assert result.transaction_id == transaction.id
        return result

    def apply(self, *operations: dict[str, Any], **fields: Any) -> Any:
        """Applies operations, in their YAML form, as one transaction; returns Applied."""
        return self._expect_applied({"operations": list(operations), **fields})

    def replace(self, snapshot: dict[str, Any] | str, **fields: Any) -> Any:
        """Replaces everything; returns Applied."""
        if isinstance(snapshot, str):
            snapshot = api.yaml.safe_load(snapshot)
        return self._expect_applied({"snapshot": snapshot, **fields})

    def reject(self, *operations: dict[str, Any], **fields: Any) -> Any:
        """Sends operations that must be rejected; returns Rejected."""
        return self._expect_rejected({"operations": list(operations), **fields})

    def reject_snapshot(self, snapshot: dict[str, Any] | str, **fields: Any) -> Any:
        if isinstance(snapshot, str):
            snapshot = api.yaml.safe_load(snapshot)
        return self._expect_rejected({"snapshot": snapshot, **fields})

    def get(self, **state_filter: Any) -> Any:
        """The StateReport of what is served now."""
        self.send(get=api.control.Get(request_id="get", filter=api.control.StateFilter(**state_filter)))
        return self.receive("state_report")

    def _expect_applied(self, fields: dict[str, Any]) -> Any:
        answer = self.transact(fields)
        if isinstance(answer, api.transaction.Rejected):
            raise Rejection(answer)
        return answer

    def _expect_rejected(self, fields: dict[str, Any]) -> Any:
        answer = self.transact(fields)
        assert isinstance(answer, api.transaction.Rejected), f"it was applied: {answer}"
        assert answer.violations
        return answer


def violations(rejected: Any) -> dict[str, str]:
    """The codes of a rejection's violations, by path."""
    name = api.transaction.Violation.Code.Name
    return {violation.path: name(violation.code) for violation in rejected.violations}
