#!/usr/bin/python3
"""Counts single test cases from what Bazel, pytest and the checks left in a directory, names those that failed, and ends
with the line `N passed, N failed`. Exit code 1 if any failed, or if nothing ran.

  *.bep.json   what `bazel test --build_event_json_file` wrote
  *.junit.xml  what `pytest --junitxml` wrote
  *.count      output with lines `FAIL  name: why`, that ends with its own `N passed, N failed`
  *.steps      a line for each step of ./test itself that broke off
"""

import json
import pathlib
import re
import sys
import urllib.parse
import xml.etree.ElementTree
from collections.abc import Iterator
from typing import NamedTuple


class Result(NamedTuple):
    name: str
    passed: bool


def from_xml(path: pathlib.Path, prefix: str) -> Iterator[Result]:
    """The cases of one XML file; those that were skipped do not count."""
    for case in xml.etree.ElementTree.parse(path).iter("testcase"):
        if case.find("skipped") is not None or case.get("status") == "notrun":
            continue
        name = f"{case.get('classname', '')}.{case.get('name', '')}".removeprefix(".")
        failed = case.find("failure") is not None or case.find("error") is not None
        yield Result(f"{prefix}{name}", not failed)


def from_bazel(path: pathlib.Path) -> Iterator[Result]:
    """The cases of every test target of one run of Bazel; a target without any counts as one."""
    run = path.name.split(".")[0]
    for line in path.read_text().splitlines():
        event = json.loads(line)
        if "testResult" in event.get("id", {}):
            label = event["id"]["testResult"]["label"]
            passed = event["testResult"]["status"] in ("PASSED", "FLAKY")
            outputs = {output["name"]: output["uri"] for output in event["testResult"].get("testActionOutput", ())}
            cases: list[Result] = []
            if "test.xml" in outputs:
                xml_path = pathlib.Path(urllib.parse.unquote(urllib.parse.urlparse(outputs["test.xml"]).path))
                cases = list(from_xml(xml_path, f"{run} {label} "))
            # A crash or a time-out can leave an XML file without a failure in it.
            if not cases or (not passed and all(case.passed for case in cases)):
                cases.append(Result(f"{run} {label}", passed))
            yield from cases
        elif "targetCompleted" in event.get("id", {}) and not event.get("completed", {}).get("success"):
            # Tests that fail are complete; this is a target that could not be built.
            if "completed" in event or "aborted" in event:
                yield Result(f"{run} {event['id']['targetCompleted']['label']} (build)", False)


def from_count(path: pathlib.Path) -> Iterator[Result]:
    """A program that counts by itself; one that breaks off before its last line counts as failed."""
    lines = path.read_text().splitlines()
    closing = re.fullmatch(r"(\d+) passed, (\d+) failed", lines[-1] if lines else "")
    if not closing:
        yield Result(f"{path.name.split('.')[0]} broke off", False)
        return
    named = [line.removeprefix("FAIL").strip() for line in lines if line.startswith("FAIL")]
    yield from (Result(f"check {number}", True) for number in range(int(closing[1])))
    for number in range(int(closing[2])):
        yield Result(named[number] if number < len(named) else path.name.split(".")[0], False)


def from_steps(path: pathlib.Path) -> Iterator[Result]:
    yield from (Result(line, False) for line in path.read_text().splitlines())


def main() -> int:
    directory = pathlib.Path(sys.argv[1])
    results: list[Result] = []
    for path in sorted(directory.iterdir()):
        if path.name.endswith(".bep.json"):
            results += from_bazel(path)
        elif path.name.endswith(".junit.xml"):
            results += from_xml(path, f"{path.name.split('.')[0]} ")
        elif path.name.endswith(".count"):
            results += from_count(path)
        elif path.name.endswith(".steps"):
            results += from_steps(path)
    failed = [result.name for result in results if not result.passed]
    for name in failed:
        print(f"FAILED {name}")
    print(f"{len(results) - len(failed)} passed, {len(failed)} failed")
    return 0 if results and not failed else 1


if __name__ == "__main__":
    sys.exit(main())
