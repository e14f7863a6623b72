"""Programs as processes: started, watched, and ended by their pid."""

import os
import pathlib
import re
import signal
import subprocess
from collections.abc import Mapping, Sequence

from tests.support.waiting import DEADLINE_SECONDS, wait_until


class Process:
    """One run of a program. What it says goes to NAME.stdout and NAME.stderr in `directory`.

    It can't outlive this process: the system kills it then.
    """

    def __init__(
        self,
        command: Sequence[str],
        directory: pathlib.Path,
        name: str,
        *,
        environment: Mapping[str, str] | None = None,
        inherit: Sequence[int] = (),
        stdin: int = subprocess.DEVNULL,
    ):
        self.name = name
        self.command = list(command)
        self._stdout = directory / f"{name}.stdout"
        self._stderr = directory / f"{name}.stderr"
        with self._stdout.open("ab") as stdout, self._stderr.open("ab") as stderr:
            # A program that is started again under its name goes on in the same files.
            self._begin = os.fstat(stdout.fileno()).st_size
            # No preexec_fn: it would have Python fork, between the threads of gRPC, which may then abort.
            self.popen = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", "--", *self.command],
                stdin=stdin,
                stdout=stdout,
                stderr=stderr,
                cwd=directory,
                env={**os.environ, **(environment or {})},
                pass_fds=inherit,
            )
        self.pid = self.popen.pid
        self._exit_expected = False

    def stdout(self) -> str:
        """All that it has printed so far."""
        return self._stdout.read_bytes()[self._begin :].decode(errors="replace")

    def stderr(self) -> str:
        """All that it, and those started before it under the same name, have said on stderr."""
        return self._stderr.read_text(errors="replace")

    def wait_for_line(self, pattern: str, seconds: float = DEADLINE_SECONDS) -> re.Match[str]:
        """The first line of its output that `pattern` is found in; AssertionError if it ends without one."""

        def find() -> re.Match[str] | None:
            ended = not self.is_running()
            # Whole lines alone: the program may be in the middle of writing.
            whole_lines = self.stdout().rpartition("\n")[0]
            found = re.search(pattern, whole_lines, re.MULTILINE)
            if not found and ended:
                raise AssertionError(f"{self.name} ended ({self.popen.returncode}) without printing {pattern!r}")
            return found

        return wait_until(find, f"{self.name} prints {pattern!r}", seconds)

    def is_running(self) -> bool:
        return self.popen.poll() is None

    def send_signal(self, number: int) -> None:
        self._exit_expected = self._exit_expected or number in (signal.SIGTERM, signal.SIGINT, signal.SIGKILL)
        self.popen.send_signal(number)

    def ends_within(self, seconds: float) -> bool:
        """Waits for its end, and says whether it came."""
        try:
            self.popen.wait(seconds)
            return True
        except subprocess.TimeoutExpired:
            return False

    def wait_exit(self, seconds: float = DEADLINE_SECONDS) -> int:
        """Its exit code; a negative one is the signal that ended it."""
        self._exit_expected = True
        assert self.ends_within(seconds), f"{self.name} still runs after {seconds} s"
        return self.popen.returncode

    def terminate(self, seconds: float = DEADLINE_SECONDS) -> int:
        """SIGTERM, then its exit code."""
        self.send_signal(signal.SIGTERM)
        return self.wait_exit(seconds)

    def kill(self) -> None:
        """SIGKILL, and waits for its end."""
        self._exit_expected = True
        self.popen.kill()
        self.popen.wait()

    def died_by_itself(self) -> bool:
        """Whether it has ended although nobody told it to or waited for it."""
        return not self._exit_expected and not self.is_running()

    def resident_kib(self) -> int:
        """The memory that it holds now."""
        status = pathlib.Path(f"/proc/{self.pid}/status").read_text()
        return int(re.search(r"^VmRSS:\s+(\d+)", status, re.MULTILINE)[1])

    def reset_peak(self) -> None:
        """What peak_resident_kib() tells begins anew."""
        pathlib.Path(f"/proc/{self.pid}/clear_refs").write_text("5")

    def peak_resident_kib(self) -> int:
        """The most memory that it has held since reset_peak(), or since its begin."""
        status = pathlib.Path(f"/proc/{self.pid}/status").read_text()
        return int(re.search(r"^VmHWM:\s+(\d+)", status, re.MULTILINE)[1])

    def cpu_seconds(self) -> float:
        """The processor time, user's and system's, that it has used."""
        fields = pathlib.Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Workbench:
    """A directory, and the processes that work there. All of them end with it."""

    def __init__(self, directory: pathlib.Path):
        self.directory = directory
        self.processes: list[Process] = []

    def start(self, command: Sequence[str], name: str, **options) -> Process:
        process = Process(command, self.directory, name, **options)
        self.processes.append(process)
        return process

    def close(self) -> list[str]:
        """Ends what still runs; returns the names of those that had died by themselves."""
        died = [
            f"{process.name} ({process.popen.returncode})" for process in self.processes if process.died_by_itself()
        ]
        for process in self.processes:
            if process.is_running():
                process.kill()
        return died

    def logs(self, most_bytes: int = 6000) -> dict[str, str]:
        """The ends of what the processes have said, by file name."""
        texts = {}
        for path in sorted(self.directory.glob("*.std*")):
            text = path.read_bytes()[-most_bytes:].decode(errors="replace")
            if text:
                texts[path.name] = text
        return texts
