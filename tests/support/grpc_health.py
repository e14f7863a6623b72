"""A server of grpc.health.v1.Health, made by Python's grpcio: Debian has no package of its own for it."""

import threading
from concurrent import futures

import grpc

SERVING, NOT_SERVING = 1, 2


class GrpcHealth:
    """`statuses`, by service, is what it answers now; a service that is not there is NOT_FOUND. With `credentials` it
    speaks TLS. While `hangs` is set nobody is answered."""

    def __init__(self, statuses: dict[str, int], credentials: grpc.ServerCredentials | None = None):
        self.statuses = statuses
        self.hangs = threading.Event()
        self.released = threading.Event()
        self._server = grpc.server(futures.ThreadPoolExecutor(8), options=[("grpc.so_reuseport", 0)])
        handler = grpc.method_handlers_generic_handler(
            "grpc.health.v1.Health", {"Check": grpc.unary_unary_rpc_method_handler(self._check)}
        )
        self._server.add_generic_rpc_handlers((handler,))
        if credentials is None:
            port = self._server.add_insecure_port("127.0.0.1:0")
        else:
            port = self._server.add_secure_port("127.0.0.1:0", credentials)
        self.address = f"127.0.0.1:{port}"
        self._server.start()

    def __enter__(self) -> "GrpcHealth":
        return self

    def __exit__(self, *_) -> None:
        self.released.set()
        self._server.stop(0).wait()

    def _check(self, message: bytes, context: grpc.ServicerContext) -> bytes:
        if self.hangs.is_set():
            self.released.wait()
        # HealthCheckRequest: a string as field 1, left out where it is empty.
        service = message[2:].decode()
        if service not in self.statuses:
            context.abort(grpc.StatusCode.NOT_FOUND, "unknown service")
        # HealthCheckResponse: an enum as field 1.
        return bytes((0x08, self.statuses[service]))
