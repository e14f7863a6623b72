"""`openssl s_client` as a client whose sessions, tickets and early data are to be seen."""

import dataclasses
import pathlib
import re
import subprocess

OPENSSL = "/usr/bin/openssl"


@dataclasses.dataclass
class Visit:
    """A connection that has ended."""

    output: str

    @property
    def resumed(self) -> bool:
        return bool(re.search(r"^Reused, ", self.output, re.MULTILINE))

    @property
    def ticket_key(self) -> str:
        """The name of the key that the last ticket is sealed with, in hexadecimal digits; "" without a ticket."""
        first_lines = re.findall(r"TLS session ticket:\n\s+0000 - ([0-9a-f -]{47})", self.output)
        return first_lines[-1].replace(" ", "").replace("-", "") if first_lines else ""

    @property
    def early_data(self) -> str:
        """ "accepted", "rejected", "not sent"."""
        return re.findall(r"^Early data was (.*)$", self.output, re.MULTILINE)[-1]


def s_client(address: str, *arguments: str | pathlib.Path, request: bytes) -> Visit:
    """Sends a request that asks for the connection's end, and reads all that comes."""
    command = [OPENSSL, "s_client", "-connect", address, "-ign_eof", *map(str, arguments)]
    done = subprocess.run(command, input=request, capture_output=True, timeout=30, check=False)
    return Visit((done.stdout + done.stderr).decode(errors="replace"))
