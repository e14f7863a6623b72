"""./test itself, with stand-ins for what it calls: whatever happens, its last line and its exit code are true."""

import os
import pathlib
import shutil
import subprocess

import pytest

from tests.support.binaries import REPOSITORY

BAZEL = """#!/bin/sh
echo "bazel $1" >>{calls}
for argument; do case $argument in --build_event_json_file=*) echo '{event}' >"${{argument#*=}}" ;; esac; done
case $1 in info) echo {bin} ;; {command}) exit {code} ;; esac
"""
UNBUILT = '{"id": {"targetCompleted": {"label": "//x:y"}}, "completed": {}}'


class Script:
    """A copy of it in a repository of its own, in which nothing is as in this one."""

    def __init__(self, directory: pathlib.Path):
        self._directory = directory
        self._calls = directory / "calls"
        for name in ("tools/install_packages", "tests/checks/run", "tools/fuzz"):
            self.stand_in(name, "#!/bin/sh\necho '1 passed, 0 failed'\n")
        self.stand_in("bazel", BAZEL.format(calls=self._calls, event="{}", bin="/nowhere", command="none", code=0))
        for name in ("test", "tests/support/count_results.py"):
            (directory / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(REPOSITORY / name, directory / name)

    def stand_in(self, name: str, text: str) -> None:
        path = self._directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)

    def bazel_ends(self, command: str, code: int, event: str) -> None:
        self.stand_in("bazel", BAZEL.format(calls=self._calls, event=event, bin="/nowhere", command=command, code=code))

    def run(self) -> tuple[int, list[str]]:
        """Its exit code and what it has said."""
        environment = {**os.environ, "PATH": f"{self._directory}:{os.environ['PATH']}"}
        result = subprocess.run(
            [str(self._directory / "test"), "--quick"], capture_output=True, text=True, env=environment, timeout=60
        )
        return result.returncode, result.stdout.splitlines()

    def calls(self) -> list[str]:
        return self._calls.read_text().splitlines() if self._calls.exists() else []


@pytest.fixture
def script(tmp_path: pathlib.Path) -> Script:
    return Script(tmp_path)


def test_where_the_build_fails_nothing_is_tested(script: Script) -> None:
    script.bazel_ends("build", 1, UNBUILT)
    code, lines = script.run()
    assert code == 1
    assert lines[-1] == "0 passed, 3 failed"
    assert script.calls() == ["bazel build", "bazel shutdown"]
    assert "FAILED build //x:y (build)" in lines
    assert any(line.endswith("the build failed: nothing was tested") for line in lines)
    assert not any("checks" in line or "integration" in line for line in lines)


def test_where_packages_are_missing_nothing_is_built(script: Script) -> None:
    script.stand_in("tools/install_packages", "#!/bin/sh\nexit 100\n")
    code, lines = script.run()
    assert (code, lines[-1]) == (1, "0 passed, 1 failed")
    assert script.calls() == ["bazel shutdown"]


def test_what_fails_after_the_build_does_not_end_it(script: Script) -> None:
    script.bazel_ends("test", 3, "{}")
    code, lines = script.run()
    assert script.calls() == ["bazel build", "bazel test", "bazel info", "bazel shutdown"]
    assert any(line.endswith(" integration tests") for line in lines)
    # The checks have passed; pytest, which finds nothing of its own there, counts.
    assert (code, lines[-1]) == (1, "1 passed, 1 failed")
    assert "FAILED integration: pytest ended with 1" in lines
