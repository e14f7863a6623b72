"""gRPC's own library as client and server, with messages of bytes: no code is made from protos."""

import threading
from collections.abc import Callable, Iterator
from concurrent import futures
from typing import Any

import grpc


class GrpcOrigin:
    """A server of `methods`: {"unary": (handler, "unary_unary")}; each gets (request or iterator, context). With
    `credentials` it speaks TLS."""

    def __init__(self, *, credentials: grpc.ServerCredentials | None = None, **methods: Callable[..., Any]):
        self.server = grpc.server(futures.ThreadPoolExecutor(max_workers=64), options=[("grpc.so_reuseport", 0)])
        handlers = {}
        for name, handler in methods.items():
            kind = name.split("_", 1)[0]
            make = {
                "unary": grpc.unary_unary_rpc_method_handler,
                "download": grpc.unary_stream_rpc_method_handler,
                "upload": grpc.stream_unary_rpc_method_handler,
                "both": grpc.stream_stream_rpc_method_handler,
            }[kind]
            handlers[name] = make(handler)
        self.server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("test.Service", handlers),))
        if credentials is None:
            port = self.server.add_insecure_port("127.0.0.1:0")
        else:
            port = self.server.add_secure_port("127.0.0.1:0", credentials)
        self.address = f"127.0.0.1:{port}"
        self.server.start()

    def __enter__(self) -> "GrpcOrigin":
        return self

    def __exit__(self, *_) -> None:
        self.server.stop(0).wait()


class GrpcClient:
    """A channel to `address`, over a connection of its own."""

    def __init__(self, address: str):
        self.channel = grpc.insecure_channel(address, options=[("grpc.use_local_subchannel_pool", 1)])

    def __enter__(self) -> "GrpcClient":
        return self

    def __exit__(self, *_) -> None:
        self.channel.close()

    def __getattr__(self, name: str) -> Callable[..., Any]:
        kind = {"unary": "unary_unary", "download": "unary_stream", "upload": "stream_unary", "both": "stream_stream"}
        return getattr(self.channel, kind[name.split("_", 1)[0]])(f"/test.Service/{name}")


class Messages:
    """A stream of messages that a test sends one by one."""

    def __init__(self):
        self._condition = threading.Condition()
        self._waiting: list[bytes | None] = []

    def send(self, message: bytes) -> None:
        with self._condition:
            self._waiting.append(message)
            self._condition.notify()

    def end(self) -> None:
        with self._condition:
            self._waiting.append(None)
            self._condition.notify()

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        with self._condition:
            self._condition.wait_for(lambda: self._waiting, timeout=20)
            message = self._waiting.pop(0) if self._waiting else None
        if message is None:
            raise StopIteration
        return message
