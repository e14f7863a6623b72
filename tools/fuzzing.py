"""Runs libFuzzer programs: several at a time, each with a corpus that grows, and makes the inputs that break them small."""

import base64
import concurrent.futures
import dataclasses
import hashlib
import pathlib
import re
import shutil
import subprocess
import tempfile

# An input that takes longer hangs the parser; a target that takes more memory is too generous with it.
INPUT_SECONDS = 10
MEMORY_MIB = 2048
# libFuzzer looks at the clock between two inputs; building its corpus and the sanitizer's report take time, too.
GRACE_SECONDS = 120
MINIMIZE_SECONDS = 30
# A corpus is trimmed after runs that are long beside the trimming.
TRIM_AFTER_SECONDS = 300

_ARTIFACTS = ("crash-*", "leak-*", "oom-*", "timeout-*")
_MOST_BYTES_SHOWN = 2048


@dataclasses.dataclass(frozen=True)
class Target:
    """A fuzz target that is built."""

    name: str  # package and name: dataplane/http/h1/request_fuzz
    program: pathlib.Path
    seeds: pathlib.Path


@dataclasses.dataclass
class Outcome:
    """What became of one target's run."""

    target: Target
    inputs: int = 0  # that were tried
    corpus: int = 0  # that it keeps, the seeds included
    fault: str = ""  # what broke it
    breaking_input: pathlib.Path | None = None

    @property
    def passed(self) -> bool:
        return not self.fault

    def __str__(self) -> str:
        if self.passed:
            return f"ok    {self.target.name}: {self.inputs} inputs, {self.corpus} kept"
        lines = [f"FAIL  {self.target.name}: {self.fault}"]
        if self.breaking_input:
            data = self.breaking_input.read_bytes()
            lines.append(f"      by {self.breaking_input}, {len(data)} bytes")
            if len(data) <= _MOST_BYTES_SHOWN:
                lines.append(f"      base64: {base64.b64encode(data).decode()}")
        return "\n".join(lines)


class Fuzzing:
    """Runs of targets that keep what they find in `cache`: TARGET/corpus, TARGET/broken and TARGET/log."""

    def __init__(self, cache: pathlib.Path, seconds: int, *, fresh: bool = False):
        """`fresh`: from the seeds alone, and of what is found only what breaks the target is kept."""
        self._cache = cache
        self._seconds = seconds
        self._fresh = fresh

    def run(self, target: Target) -> Outcome:
        """Fuzzes one target from its seeds and from what earlier runs have found, what broke it included."""
        corpus = self._cache / target.name / "corpus"
        if not self._fresh:
            return self._run(target, corpus)
        with tempfile.TemporaryDirectory(prefix="fairlead-fuzz-") as directory:
            return self._run(target, pathlib.Path(directory))

    def _run(self, target: Target, corpus: pathlib.Path) -> Outcome:
        directory = self._cache / target.name
        broken = directory / "broken"
        for needed in (corpus, broken):
            needed.mkdir(parents=True, exist_ok=True)
        log = directory / "log"
        known = _files_of(broken)
        flags = [f"-max_total_time={self._seconds}", f"-artifact_prefix={broken}/", "-print_final_stats=1"]
        code = self._call(target, [*flags, str(corpus), str(target.seeds), str(broken)], log, self._seconds)
        text = log.read_text(errors="replace")

        outcome = Outcome(target)
        if found := re.search(r"^Done (\d+) runs", text, re.MULTILINE):
            outcome.inputs = int(found[1])
        if code == 0 and outcome.inputs == 0:
            outcome.fault = f"no input was tried; see {log}"
        if code != 0:
            outcome.fault = _fault_in(text) or f"ended with {code}; see {log}"
            new = [path for path in _artifacts_of(broken) if path not in known]
            # An input that broke it before breaks it again under the same name, which is its digest.
            named = re.search(r"Test unit written to (\S+)", text)
            if new or named:
                outcome.breaking_input = self._minimized(target, new[0] if new else pathlib.Path(named[1]))
        elif self._seconds >= TRIM_AFTER_SECONDS and not self._fresh:
            self._trim(target, directory)
        outcome.corpus = len(_files_of(corpus) | _files_of(target.seeds))
        return outcome

    def run_all(self, targets: list[Target], jobs: int) -> list[Outcome]:
        """Several at a time; says what became of each as it ends."""
        outcomes = []
        with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
            for done in concurrent.futures.as_completed([pool.submit(self.run, target) for target in targets]):
                outcomes.append(done.result())
                print(outcomes[-1], flush=True)
        return outcomes

    def _call(self, target: Target, arguments: list[str], log: pathlib.Path, seconds: int) -> int:
        limits = [f"-timeout={INPUT_SECONDS}", f"-rss_limit_mb={MEMORY_MIB}"]
        with log.open("wb") as output:
            try:
                return subprocess.run(
                    [target.program, *limits, *arguments],
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    timeout=seconds + GRACE_SECONDS,
                ).returncode
            except subprocess.TimeoutExpired:
                return -1

    def _minimized(self, target: Target, path: pathlib.Path) -> pathlib.Path:
        """The smallest input found within a while that breaks it, too, in place of that one."""
        if not path.name.startswith("crash-"):
            return path
        smaller = path.with_name(f"small-{path.name}")
        flags = ["-minimize_crash=1", f"-max_total_time={MINIMIZE_SECONDS}", f"-exact_artifact_path={smaller}"]
        self._call(target, [*flags, str(path)], path.parent.parent / "minimize.log", MINIMIZE_SECONDS)
        if not smaller.exists() or smaller.stat().st_size >= path.stat().st_size:
            smaller.unlink(missing_ok=True)
            return path
        path.unlink()
        # The name that libFuzzer gives it, by which the next run knows it.
        return smaller.rename(path.with_name(f"crash-{hashlib.sha1(smaller.read_bytes()).hexdigest()}"))

    def _trim(self, target: Target, directory: pathlib.Path) -> None:
        """Keeps of a corpus only what adds to what the others reach, so that long runs do not begin with long reading."""
        merged, corpus = directory / "merged", directory / "corpus"
        shutil.rmtree(merged, ignore_errors=True)
        merged.mkdir()
        code = self._call(target, ["-merge=1", str(merged), str(corpus)], directory / "merge.log", self._seconds)
        if code == 0 and _files_of(merged):
            shutil.rmtree(corpus)
            merged.rename(corpus)
        else:
            shutil.rmtree(merged)


def _files_of(directory: pathlib.Path) -> set[pathlib.Path]:
    return {path for path in directory.rglob("*") if path.is_file()}


def _artifacts_of(directory: pathlib.Path) -> list[pathlib.Path]:
    return sorted(path for pattern in _ARTIFACTS for path in directory.glob(pattern))


def _fault_in(text: str) -> str:
    """The line that says what is wrong: the target's own, else the sanitizer's, else libFuzzer's."""
    for pattern in (
        r"^does not hold: .*$",
        r"^.*runtime error: .*$",
        r"^SUMMARY: AddressSanitizer.*$",
        r"^==\d+== ?ERROR: .*$",
    ):
        if found := re.search(pattern, text, re.MULTILINE):
            return found[0]
    return ""
