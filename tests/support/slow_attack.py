"""slowhttptest as an attacker: many connections that each say or read a little, now and then."""

from collections.abc import Sequence

from tests.support.processes import Process, Workbench

# Each kind as slowhttptest's flags. One connection says something once a second.
KINDS = {
    # A head that never ends: a field more, and never the empty line.
    "headers": ("-H", "-i", "1", "-x", "24"),
    # A body that never ends.
    "body": ("-B", "-i", "1", "-s", "1000000", "-x", "10"),
    # A large answer through a tiny window, a few bytes a second.
    "read": ("-X", "-n", "1", "-z", "32", "-w", "512", "-y", "1024", "-k", "1"),
}


class SlowAttack:
    """Attacks until stop(), or for `seconds` at most."""

    def __init__(
        self,
        bench: Workbench,
        kind: str,
        url: str,
        connections: int,
        seconds: int,
        name: str = "attack",
        wrapper: Sequence[str] = (),
    ):
        """`wrapper` is a command that runs it."""
        everyone = ("-c", str(connections), "-r", str(connections), "-l", str(seconds), "-u", url, "-v", "1")
        self.process: Process = bench.start([*wrapper, "/usr/bin/slowhttptest", *KINDS[kind], *everyone], name)

    def stop(self) -> None:
        self.process.kill()
