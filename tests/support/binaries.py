"""Where the programs under test are."""

import os
import pathlib

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]

_PLACES = {
    "fairlead": "dataplane/fairlead",
    "fairleadctl": "ctl/fairleadctl",
    "controlplane_mock": "controlplane-mock/controlplane_mock",
    "fairlead_prober": "prober/fairlead_prober",
    "origin": "tests/support/origin/origin",
    "hammer": "tests/support/hammer/hammer",
}


def binary(name: str) -> str:
    """The path of a program that Bazel has built: below FAIRLEAD_BINARIES, or the repository's bazel-bin."""
    root = pathlib.Path(os.environ.get("FAIRLEAD_BINARIES", REPOSITORY / "bazel-bin"))
    path = root / _PLACES[name]
    if not path.exists():
        raise FileNotFoundError(f"{path} is missing; `bazel build //...` makes it")
    return str(path)
