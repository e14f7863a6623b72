"""The API's Python stubs, made from api/ by protoc when they are first imported, and the YAML form of its messages."""

import atexit
import importlib
import shutil
import subprocess
import sys
import tempfile
from typing import Any

import yaml
from google.protobuf import json_format
from google.protobuf.message import Message

from tests.support.binaries import REPOSITORY


def _generate() -> None:
    directory = tempfile.mkdtemp(prefix="fairlead-stubs-")
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    protos = sorted(str(path) for path in (REPOSITORY / "api/fairlead/v1").glob("*.proto"))
    subprocess.run(
        [
            "protoc",
            f"--proto_path={REPOSITORY / 'api'}",
            "--plugin=protoc-gen-grpc_python=/usr/bin/grpc_python_plugin",
            f"--python_out={directory}",
            f"--grpc_python_out={directory}",
            *protos,
        ],
        check=True,
    )
    sys.path.insert(0, directory)


_generate()
resources = importlib.import_module("fairlead.v1.resources_pb2")
transaction = importlib.import_module("fairlead.v1.transaction_pb2")
health = importlib.import_module("fairlead.v1.health_pb2")
control = importlib.import_module("fairlead.v1.control_pb2")
services = importlib.import_module("fairlead.v1.control_pb2_grpc")


def message(kind: type[Message], fields: dict[str, Any] | str) -> Any:
    """A message of that kind from its YAML form, as text or as what the text means."""
    if isinstance(fields, str):
        fields = yaml.safe_load(fields)
    return json_format.ParseDict(fields, kind())
