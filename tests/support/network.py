"""A network of machines that are namespaces, all on one switch; wires can be pulled, and pairs kept apart. Needs root."""

import contextlib
import os
import subprocess


def _ip(*arguments: str) -> None:
    subprocess.run(["/usr/sbin/ip", *arguments], check=True, capture_output=True, text=True)


class Network:
    """Machines have addresses in 10.77.0.0/24, which nothing outside reaches."""

    def __init__(self, *machines: str):
        self._prefix = f"fl{os.getpid()}-"
        self._switch = f"{self._prefix}switch"
        self._numbers = {machine: number for number, machine in enumerate(machines, 1)}
        self._made: list[str] = []
        try:
            self._make(self._switch)
            _ip("-n", self._switch, "link", "add", "br0", "type", "bridge", "stp_state", "0")
            _ip("-n", self._switch, "link", "set", "br0", "up")
            for machine, number in self._numbers.items():
                self._plug(machine, number)
        except subprocess.CalledProcessError as error:
            self.close()
            raise AssertionError(f"{error.cmd}: {error.stderr}") from error

    def close(self) -> None:
        for namespace in self._made:
            with contextlib.suppress(subprocess.CalledProcessError):
                _ip("netns", "del", namespace)

    def _make(self, namespace: str) -> None:
        _ip("netns", "add", namespace)
        self._made.append(namespace)

    def _plug(self, machine: str, number: int) -> None:
        namespace = self._prefix + machine
        self._make(namespace)
        wire = ("type", "veth", "peer", "name", f"port{number}", "netns", self._switch)
        _ip("link", "add", "eth0", "netns", namespace, *wire)
        _ip("-n", self._switch, "link", "set", f"port{number}", "master", "br0", "up")
        _ip("-n", namespace, "addr", "add", f"{self.address(machine)}/24", "dev", "eth0")
        _ip("-n", namespace, "link", "set", "lo", "up")
        _ip("-n", namespace, "link", "set", "eth0", "up")

    def address(self, machine: str) -> str:
        return f"10.77.0.{self._numbers[machine]}"

    def on(self, machine: str) -> tuple[str, ...]:
        """What stands in front of a command that is to run there; it becomes that command."""
        return ("/usr/sbin/ip", "netns", "exec", self._prefix + machine)

    def unplug(self, machine: str) -> None:
        """Its packets, and those to it, are lost in the switch. Nobody is told."""
        _ip("-n", self._switch, "link", "set", f"port{self._numbers[machine]}", "nomaster")

    def plug_in(self, machine: str) -> None:
        _ip("-n", self._switch, "link", "set", f"port{self._numbers[machine]}", "master", "br0")

    def cut(self, one: str, other: str) -> None:
        """Neither's packets reach the other; the switch sends them to nobody."""
        for here, there in ((one, other), (other, one)):
            nobody = ("lladdr", "02:00:00:00:00:ff", "nud", "permanent", "dev", "eth0")
            _ip("-n", self._prefix + here, "neigh", "replace", self.address(there), *nobody)

    def mend(self, one: str, other: str) -> None:
        for here, there in ((one, other), (other, one)):
            _ip("-n", self._prefix + here, "neigh", "del", self.address(there), "dev", "eth0")
