"""The last line of ./test must be true."""

import json
import pathlib
import subprocess

from tests.support.binaries import REPOSITORY


def count(directory: pathlib.Path) -> tuple[int, list[str]]:
    """The exit code and the lines that the script prints for the files in `directory`."""
    script = REPOSITORY / "tests/support/count_results.py"
    result = subprocess.run([str(script), str(directory)], capture_output=True, text=True)
    assert not result.stderr
    return result.returncode, result.stdout.splitlines()


def write_bazel(directory: pathlib.Path, label: str, status: str, xml: str | None) -> None:
    outputs = []
    if xml is not None:
        path = directory / "a b.xml"
        path.write_text(xml)
        outputs.append({"name": "test.xml", "uri": path.as_uri()})
    event = {
        "id": {"testResult": {"label": label}},
        "testResult": {"status": status, "testActionOutput": outputs},
    }
    (directory / "unit.bep.json").write_text(json.dumps(event) + "\n")


def test_counts_cases_of_every_kind(tmp_path: pathlib.Path):
    xml = '<testsuites><testsuite><testcase name="a"/><testcase name="b" status="notrun"/></testsuite></testsuites>'
    write_bazel(tmp_path, "//x:y", "PASSED", xml)
    (tmp_path / "i.junit.xml").write_text(
        '<testsuites><testsuite><testcase name="c"/><testcase name="d"><skipped/></testcase></testsuite></testsuites>'
    )
    (tmp_path / "r.count").write_text("ok  layers\nsomething else\n2 passed, 0 failed\n")
    assert count(tmp_path) == (0, ["4 passed, 0 failed"])


def test_names_what_failed(tmp_path: pathlib.Path):
    write_bazel(tmp_path, "//x:y", "FAILED", '<testsuites><testcase name="a"><failure/></testcase></testsuites>')
    (tmp_path / "i.junit.xml").write_text('<testsuite><testcase name="c"><error/></testcase></testsuite>')
    (tmp_path / "r.count").write_text("FAIL  layers: 3 faults\n  a.cc:1: why\nok  bans\n1 passed, 1 failed\n")
    assert count(tmp_path) == (
        1,
        ["FAILED i c", "FAILED layers: 3 faults", "FAILED unit //x:y a", "1 passed, 3 failed"],
    )


def test_a_target_that_crashed_counts_although_its_cases_passed(tmp_path: pathlib.Path):
    write_bazel(tmp_path, "//x:y", "FAILED", '<testsuites><testcase name="a"/></testsuites>')
    assert count(tmp_path) == (1, ["FAILED unit //x:y", "1 passed, 1 failed"])
    write_bazel(tmp_path, "//x:y", "TIMEOUT", None)
    assert count(tmp_path) == (1, ["FAILED unit //x:y", "0 passed, 1 failed"])


def test_a_target_that_does_not_build_counts(tmp_path: pathlib.Path):
    event = {"id": {"targetCompleted": {"label": "//x:z"}}, "completed": {}}
    (tmp_path / "unit.bep.json").write_text(json.dumps(event) + "\n")
    assert count(tmp_path) == (1, ["FAILED unit //x:z (build)", "0 passed, 1 failed"])


def test_nothing_at_all_is_no_success(tmp_path: pathlib.Path):
    assert count(tmp_path) == (1, ["0 passed, 0 failed"])


def test_a_checker_or_a_step_that_broke_off_counts(tmp_path: pathlib.Path):
    (tmp_path / "r.count").write_text("ok  layers\n")
    (tmp_path / "test.steps").write_text("unit: bazel ended with 1\n")
    assert count(tmp_path) == (1, ["FAILED r broke off", "FAILED unit: bazel ended with 1", "0 passed, 2 failed"])
