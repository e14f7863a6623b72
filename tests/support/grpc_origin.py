"""A server of gRPC, as Python's grpcio makes it, whose methods take and give bytes."""

import threading
from collections.abc import Iterator
from concurrent import futures

import grpc

from tests.support.waiting import DEADLINE_SECONDS

SERVICE = "test.Echo"


class GrpcOrigin:
    """Methods of /test.Echo, on a port of its own or at `address`:

    Unary: the request in capitals. Count: so many messages as the request says. Sum: the lengths of the requests. Talk: each
    request in capitals, as soon as it comes. Fail: the status of that number, with a message. Hang: no answer before the
    client has left. Show: the metadata that came, a line each.
    """

    def __init__(self, address: str = "127.0.0.1:0"):
        self.calls = 0
        self.cancelled = threading.Event()
        # Seconds that the client of the latest call gave it; None without a deadline.
        self.time_remaining: float | None = None
        self._server = grpc.server(futures.ThreadPoolExecutor(32), options=[("grpc.so_reuseport", 0)])
        handlers = {
            "Unary": grpc.unary_unary_rpc_method_handler(self._unary),
            "Count": grpc.unary_stream_rpc_method_handler(self._count),
            "Sum": grpc.stream_unary_rpc_method_handler(self._sum),
            "Talk": grpc.stream_stream_rpc_method_handler(self._talk),
            "Fail": grpc.unary_unary_rpc_method_handler(self._fail),
            "Hang": grpc.unary_unary_rpc_method_handler(self._hang),
            "Show": grpc.unary_unary_rpc_method_handler(self._show),
        }
        self._server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, handlers),))
        port = self._server.add_insecure_port(address)
        self.address = f"127.0.0.1:{port}"
        self._server.start()

    def __enter__(self) -> "GrpcOrigin":
        return self

    def __exit__(self, *_) -> None:
        self._server.stop(0).wait()

    def _begin(self, context: grpc.ServicerContext) -> None:
        self.calls += 1
        self.time_remaining = context.time_remaining()

    def _unary(self, message: bytes, context: grpc.ServicerContext) -> bytes:
        self._begin(context)
        context.send_initial_metadata((("x-initial", "first"),))
        context.set_trailing_metadata((("x-trailing", "last"), ("x-binary-bin", b"\0\xff")))
        return message.upper()

    def _count(self, message: bytes, context: grpc.ServicerContext) -> Iterator[bytes]:
        self._begin(context)
        for number in range(int(message)):
            yield b"%d" % number

    def _sum(self, messages: Iterator[bytes], context: grpc.ServicerContext) -> bytes:
        self._begin(context)
        return b"%d" % sum(len(message) for message in messages)

    def _talk(self, messages: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[bytes]:
        self._begin(context)
        for message in messages:
            yield message.upper()

    def _fail(self, message: bytes, context: grpc.ServicerContext) -> bytes:
        self._begin(context)
        code = next(entry for entry in grpc.StatusCode if entry.value[0] == int(message))
        context.abort(code, "it fails: ü 100%")
        raise AssertionError

    def _hang(self, message: bytes, context: grpc.ServicerContext) -> bytes:
        self._begin(context)
        ended = threading.Event()
        context.add_callback(ended.set)
        if ended.wait(DEADLINE_SECONDS):
            self.cancelled.set()
        return message

    def _show(self, message: bytes, context: grpc.ServicerContext) -> bytes:
        self._begin(context)
        return "\n".join(f"{entry.key}: {entry.value}" for entry in context.invocation_metadata()).encode()
