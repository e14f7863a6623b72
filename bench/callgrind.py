"""Instructions that a program executes in user space, counted by valgrind's callgrind."""

import pathlib
import re
import subprocess


def wrapper(output: pathlib.Path) -> list[str]:
    """A command that runs a program and counts; it writes `output` when the program has ended."""
    return ["valgrind", "--quiet", "--tool=callgrind", f"--callgrind-out-file={output}"]


def total(output: pathlib.Path) -> int:
    """All instructions of a run."""
    return int(re.search(r"^(?:totals|summary): (\d+)", output.read_text(), re.MULTILINE)[1])


def by_function(output: pathlib.Path) -> dict[str, int]:
    """A run's instructions by the function that they are in, without what it calls."""
    command = ["callgrind_annotate", "--threshold=100", "--auto=no", "--show-percs=no", str(output)]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    counts: dict[str, int] = {}
    for line in text.splitlines():
        # 12,345  ???:the function [/the/object]
        if found := re.fullmatch(r"\s*([\d,]+)\s+\S+?:(.+?)(?:\s\[.*\])?", line):
            # A recursive function has entries of its own for each depth: 'f'2.
            name = re.sub(r"'\d+$", "", found[2])
            counts[name] = counts.get(name, 0) + int(found[1].replace(",", ""))
    return counts
