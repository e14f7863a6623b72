"""The files of the repository, as the checks see them."""

import os
import re
import subprocess

CPP_SUFFIXES = (".h", ".cc")

# What a check of C++ code must not look into. Numbers come first: 1'000 begins no character.
_CPP_TOKEN = re.compile(
    r"""(?P<number>\b\d[\w']*)
      | //[^\n]* | /\*.*?\*/                         # comments
      | R"(?P<mark>[^\s()\\]*)\(.*?\)(?P=mark)"      # raw strings
      | "(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n])*'    # strings and characters
    """,
    re.VERBOSE | re.DOTALL,
)


def without_comments_and_strings(cpp):
    """C++ code with each comment and string blanked out, every line where it was."""

    def blank(token):
        if token.group("number"):
            return token.group()
        return re.sub(r"[^\n]", " ", token.group())

    return _CPP_TOKEN.sub(blank, cpp)


class File:
    """One file: its path from the repository's root, and its text."""

    def __init__(self, path, text):
        self.path = path
        self.text = text

    @property
    def language(self):
        """ "c++", "python", "shell", or "" for all else."""
        if self.path.endswith(CPP_SUFFIXES):
            return "c++"
        first_line = self.text.partition("\n")[0]
        is_script = first_line.startswith("#!")
        if self.path.endswith(".py") or (is_script and "python" in first_line):
            return "python"
        if self.path.endswith(".sh") or (is_script and re.search(r"\b(ba)?sh\b", first_line)):
            return "shell"
        return ""

    def lines(self):
        """Pairs of a line's number and its text."""
        return enumerate(self.text.splitlines(), start=1)

    def code_lines(self):
        """As lines(), in C++ without comments and strings."""
        text = without_comments_and_strings(self.text) if self.language == "c++" else self.text
        return enumerate(text.splitlines(), start=1)


def files_of(root):
    """Every text file that git knows under `root`, or would know if it were added: none can be forgotten."""
    listing = subprocess.run(
        ["git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    files = []
    for path in sorted(set(filter(None, listing.split("\0")))):
        absolute = os.path.join(root, path)
        if os.path.islink(absolute) or not os.path.isfile(absolute):
            continue  # a deletion that is not committed, or another repository
        try:
            with open(absolute, encoding="utf-8", newline="") as file:
                files.append(File(path, file.read()))
        except UnicodeDecodeError:
            continue  # not text: an input of a fuzz target, an image
    return files
