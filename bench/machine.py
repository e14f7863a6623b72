"""Which core does what: the proxy has the first to itself; load and origin share the others."""

import os
import sys


class Machine:
    def __init__(self) -> None:
        cores = sorted(os.sched_getaffinity(0))
        if len(cores) < 2:
            sys.exit("this needs two cores: one for the proxy, one for the load")
        self._proxy_core = str(cores[0])
        self._load_cores = ",".join(str(core) for core in cores[1:])

    def join_the_load(self) -> None:
        """Keeps this process itself from the proxy's core: where it is a part of the load."""
        os.sched_setaffinity(0, {int(core) for core in self._load_cores.split(",")})

    def for_proxy(self, *command: str) -> list[str]:
        return ["taskset", "--cpu-list", self._proxy_core, *command]

    def for_load(self, *command: str) -> list[str]:
        return ["taskset", "--cpu-list", self._load_cores, *command]
