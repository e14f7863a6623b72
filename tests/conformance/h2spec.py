"""h2spec (https://github.com/summerwind/h2spec), as go.mod pins it, built once."""

import hashlib
import os
import pathlib
import subprocess

GO = "/usr/lib/go-1.19/bin/go"
CACHE = pathlib.Path.home() / ".cache" / "fairlead-h2spec"
HERE = pathlib.Path(__file__).parent


def binary() -> pathlib.Path:
    """Its path. Several may ask at the same time."""
    pins = hashlib.sha256((HERE / "go.mod").read_bytes() + (HERE / "go.sum").read_bytes()).hexdigest()[:16]
    built = CACHE / f"h2spec-{pins}"
    if not built.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        being_built = CACHE / f"h2spec-{pins}.{os.getpid()}"
        subprocess.run(
            [GO, "build", "-mod=readonly", "-o", being_built, "github.com/summerwind/h2spec/cmd/h2spec"],
            cwd=HERE,
            env=os.environ | {"GOPATH": str(CACHE / "go"), "GOCACHE": str(CACHE / "build"), "GOTOOLCHAIN": "local", "GOFLAGS": ""},
            check=True,
        )
        being_built.rename(built)
    return built


def run(address: str, path: str = "/", *options: str) -> str:
    """What it says of a server, section by section. With "--tls" among the options, by ALPN."""
    host, port = address.rsplit(":", 1)
    command = [str(binary()), f"--host={host}", f"--port={port}", f"--path={path}", "--strict", "--timeout=5", *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=110, check=False).stdout
