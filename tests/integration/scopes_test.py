"""Who may change what: scopes, by the certificate that a client shows and by the user behind a unix socket."""

import os
import pathlib
import subprocess

import pytest

from tests.support import configs
from tests.support.binaries import binary
from tests.support.certificates import Authority
from tests.support.control_session import violations
from tests.support.fairlead import Fairlead
from tests.support.fairleadctl import Outcome
from tests.support.processes import Workbench

# Which loop the workers run on has no part in these.
IO = "epoll"


def scope(identity: str, *permissions: dict[str, str], **who: object) -> dict[str, object]:
    everyone_else = bool(who.pop("everyone_else", False))
    identities = [{key: value} for key, value in who.items()]
    return {"id": identity, "identities": identities, "everyone_else": everyone_else, "permissions": list(permissions)}


SITE = {
    "backends": [
        configs.backend("a-web", [{"id": "w1", "address": "127.0.0.1:9001", "weight": 5}]),
        configs.backend("b-web", [{"id": "w1", "address": "127.0.0.1:9002", "weight": 5}]),
    ],
    "scopes": [
        scope("platform", {"kind": "ALL"}, certificate_name="platform"),
        scope("team-a", {"kind": "ALL", "id_prefix": "a-"}, certificate_name="team-a"),
        scope("team-b", {"kind": "ALL", "id_prefix": "b-"}, certificate_name="team-b"),
        scope("here", {"kind": "HEALTH"}, {"kind": "WEIGHTS", "id_prefix": "a-"}, unix_uid=os.geteuid()),
        scope("rest", everyone_else=True),
    ],
}


class Proxy:
    """Listens by mTLS and on a unix socket, with these scopes."""

    def __init__(self, bench: Workbench):
        self._directory: pathlib.Path = bench.directory
        self._authority = Authority("Control")
        self._ca = bench.directory / "ca.pem"
        self._ca.write_text(self._authority.roots)
        certificate, key = self._authority.leaf("127.0.0.1").write(bench.directory, "proxy")
        flags = (f"--control_ca={self._ca}", f"--control_cert={certificate}", f"--control_key={key}")
        self.fairlead = Fairlead(bench, IO, workers=1, flags=(*flags, "--control_listen=127.0.0.1:0"))
        self._address = self.fairlead.process.wait_for_line(r"^control listening on (127\.\S+)$")[1]
        with self.fairlead.connect() as control:
            control.replace(SITE)

    def ctl(self, who: str, *arguments: str) -> Outcome:
        """As whoever has a certificate of that name; "": as this user, by the unix socket."""
        if who:
            certificate, key = self._authority.leaf(who, for_clients=True).write(self._directory, f"client-{who}")
            tls = [f"--address={self._address}", f"--ca={self._ca}", f"--cert={certificate}", f"--key={key}"]
        else:
            tls = [f"--address={self.fairlead.control}"]
        command = [binary("fairleadctl"), *tls, *arguments]
        result = subprocess.run(command, capture_output=True, text=True, timeout=60)
        return Outcome(result.returncode, result.stdout, result.stderr)


@pytest.fixture
def proxy(bench: Workbench) -> Proxy:
    return Proxy(bench)


DENIED = 'backends["%s"].servers["w1"]: no scope of yours lets you change '


def test_a_team_changes_its_own_and_nothing_else(proxy: Proxy):
    assert proxy.ctl("team-a", "server", "weight", "a-web/w1", "7").code == 0
    outcome = proxy.ctl("team-a", "server", "weight", "b-web/w1", "7")
    assert outcome.code == 1
    assert outcome.err.startswith(DENIED % "b-web")
    assert proxy.ctl("team-b", "server", "weight", "b-web/w1", "7").code == 0
    assert proxy.ctl("stranger", "server", "weight", "a-web/w1", "8").code == 1
    assert proxy.ctl("stranger", "get", "scopes").code == 0, "reading is free"
    assert proxy.ctl("platform", "server", "weight", "b-web/w1", "9").code == 0


def test_a_unix_user_sets_health_and_weights(proxy: Proxy):
    assert proxy.ctl("", "server", "drain", "a-web/w1").code == 0
    assert proxy.ctl("", "server", "weight", "a-web/w1", "3").code == 0
    assert proxy.ctl("", "server", "weight", "b-web/w1", "3").err.startswith(DENIED % "b-web")
    assert proxy.ctl("", "server", "remove", "a-web/w1").err.startswith(DENIED % "a-web")
    with proxy.fairlead.connect() as control:
        control.apply(configs.set_health("b-web", "w1", "DOWN"))
        moved = configs.upsert_server("a-web", {"id": "w1", "address": "127.0.0.1:6666", "weight": 3})
        refused = control.reject(moved, configs.set_health("a-web", "w1", "UP"), {"remove_backend": "b-web"})
        assert violations(refused) == {
            'backends["b-web"]': "PERMISSION_DENIED",
            'backends["a-web"].servers["w1"]': "PERMISSION_DENIED",
        }
        assert violations(control.reject_snapshot(SITE)) == {"snapshot": "PERMISSION_DENIED"}
    assert proxy.fairlead.server_status("b-web", "w1")["health"] == "DOWN"


def test_rights_are_given_and_taken_by_who_may_do_everything(proxy: Proxy, bench: Workbench):
    def apply(who: str, text: str) -> Outcome:
        file = bench.directory / "operations.yaml"
        file.write_text(text)
        return proxy.ctl(who, "apply", "-f", str(file))

    take = 'operations: [{remove_scope: "team-a"}]'
    assert apply("team-a", take).err.startswith('scopes["team-a"]: scopes take the right to everything')
    assert apply("platform", take).code == 0
    assert proxy.ctl("team-a", "server", "weight", "a-web/w1", "8").code == 1
    locked = apply("platform", 'operations: [{remove_scope: "platform"}]')
    assert locked.err.startswith("scopes: nobody could change them any more")
