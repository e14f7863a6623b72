"""That C++ files are formatted, and that scripts can be parsed."""

import os
import re
import subprocess

CLANG_FORMAT = "clang-format-19"


def _clang_format(root, paths):
    """One line for each place that clang-format would change."""
    if not paths:
        return []
    run = subprocess.run(
        [CLANG_FORMAT, "--dry-run", "-Werror", *paths], cwd=root, capture_output=True, text=True, check=False
    )
    faults = re.findall(r"^\S+?:\d+:\d+: .*", run.stderr, re.MULTILINE)
    if run.returncode != 0 and not faults:
        return [run.stderr.strip()]
    return faults


def _python(file):
    """py_compile's check, without leaving its file behind."""
    try:
        compile(file.text, file.path, "exec")
    except SyntaxError as error:
        return [f"{file.path}:{error.lineno}: {error.msg}"]
    return []


def _shell(root, file):
    run = subprocess.run(["bash", "-n", os.path.join(root, file.path)], capture_output=True, text=True, check=False)
    return run.stderr.strip().splitlines()


def check(files, root):
    """One line for each fault. The files are read from `root`, where .clang-format is."""
    faults = _clang_format(root, [file.path for file in files if file.language == "c++"])
    for file in files:
        if file.language == "python":
            faults += _python(file)
        elif file.language == "shell":
            faults += _shell(root, file)
    return faults
