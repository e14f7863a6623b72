#!/usr/bin/python3
"""A controller in a hundred lines: serves one YAML file to every proxy that dials it, and applies each edit of it.

    docs/examples/controller.py 127.0.0.1:7000 docs/examples/quickstart.yaml
    fairlead --control=127.0.0.1:7000 --admin_listen=127.0.0.1:9901

Debian: python3-grpcio python3-protobuf python3-yaml protobuf-compiler protobuf-compiler-grpc.
"""

import concurrent.futures
import hashlib
import pathlib
import queue
import subprocess
import sys
import tempfile
import threading
import uuid

import grpc
import yaml
from google.protobuf import json_format

API = pathlib.Path(__file__).resolve().parents[2] / "api"
stubs = tempfile.TemporaryDirectory()
subprocess.run(
    ["protoc", f"-I{API}", f"--python_out={stubs.name}", f"--grpc_out={stubs.name}"]
    + ["--plugin=protoc-gen-grpc=/usr/bin/grpc_python_plugin"]
    + [str(path) for path in sorted(API.glob("fairlead/v1/*.proto"))],
    check=True,
)
sys.path.insert(0, stubs.name)
from fairlead.v1 import control_pb2, control_pb2_grpc, resources_pb2, transaction_pb2  # noqa: E402


def digest(kind: str, message, backend: str = "") -> int:
    """What one resource adds to the fingerprint: docs/API.md."""
    start = f"{kind}\0{backend}\0".encode()
    return int.from_bytes(hashlib.sha256(start + message.SerializeToString(deterministic=True)).digest()[:16], "big")


def fingerprint(snapshot: resources_pb2.Snapshot) -> str:
    """The same 32 digits as the proxy's, if it serves this snapshot."""
    total = sum(digest("listener", listener) for listener in snapshot.listeners)
    total += sum(digest("route_table", table) for table in snapshot.route_tables)
    for backend in snapshot.backends:
        settings = resources_pb2.Backend()
        settings.CopyFrom(backend)
        settings.ClearField("servers")
        total += digest("backend", settings) + sum(digest("server", server, backend.id) for server in backend.servers)
    total += sum(digest("health", state) for state in snapshot.health if state.status)
    return f"{total % 2**128:032x}"


class Controller(control_pb2_grpc.ControlPlaneServicer):
    """One conversation for each proxy; a thread of gRPC's runs each."""

    def __init__(self, path: pathlib.Path):
        self.path = path
        self.life = uuid.uuid4().hex

    def desired(self) -> resources_pb2.Snapshot:
        return json_format.ParseDict(yaml.safe_load(self.path.read_text()), resources_pb2.Snapshot())

    def Connect(self, requests, context):
        events: queue.Queue = queue.Queue()

        def read():
            try:
                for message in requests:
                    events.put(message)
            except grpc.RpcError:
                pass  # the proxy has gone; it dials again
            events.put(None)

        threading.Thread(target=read, daemon=True).start()
        hello = events.get().hello
        print(f"{hello.node_id} serves revision {hello.revision}", flush=True)
        sent, count = hello.fingerprint, 0
        while True:
            try:
                snapshot = self.desired()
                if fingerprint(snapshot) != sent:
                    sent, count = fingerprint(snapshot), count + 1
                    # An id names one transaction for good: another life of this program must not use it again.
                    name = f"{self.life}-{hello.node_id}-{count}"
                    transaction = transaction_pb2.Transaction(id=name, author="controller.py", snapshot=snapshot)
                    yield control_pb2.ToProxy(transaction=transaction)
            except (yaml.YAMLError, json_format.ParseError, OSError) as error:
                print(f"{self.path}: {error}", flush=True)  # and the last good state stays
            try:
                message = events.get(timeout=1)
            except queue.Empty:
                yield control_pb2.ToProxy(heartbeat=control_pb2.Heartbeat())  # and look at the file again
                continue
            if message is None:
                return
            if message.HasField("applied"):
                print(f"{hello.node_id}: revision {message.applied.revision} applied", flush=True)
            for violation in message.rejected.violations:
                print(f"{hello.node_id}: {violation.path}: {violation.message}", flush=True)


def main() -> None:
    server = grpc.server(concurrent.futures.ThreadPoolExecutor(max_workers=64))
    control_pb2_grpc.add_ControlPlaneServicer_to_server(Controller(pathlib.Path(sys.argv[2])), server)
    host, _, port = sys.argv[1].rpartition(":")
    print(f"listening on {host}:{server.add_insecure_port(sys.argv[1])}", flush=True)
    server.start()
    server.wait_for_termination()


if __name__ == "__main__":
    main()
