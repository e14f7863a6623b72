"""mTLS of the control stream, both ways: who is let in, what the others are told, and certificates that change."""

import dataclasses
import os
import pathlib
import subprocess

import grpc
import pytest

from tests.support import api, configs
from tests.support.binaries import binary
from tests.support.certificates import Authority, Identity
from tests.support.controlplane_mock import ControlplaneMock
from tests.support.fairlead import Fairlead
from tests.support.fairleadctl import Outcome
from tests.support.processes import Process, Workbench
from tests.support.waiting import wait_until


@dataclasses.dataclass
class Files:
    """Who signs, and what each end shows, as files."""

    directory: pathlib.Path
    authority: Authority

    def ca(self, authority: Authority | None = None, name: str = "ca") -> str:
        path = self.directory / f"{name}.pem"
        path.write_text((authority or self.authority).roots)
        return str(path)

    def flags(self, prefix: str, identity: Identity, name: str, ca: str | None = None) -> tuple[str, ...]:
        certificate, key = identity.write(self.directory, name)
        return (f"--{prefix}ca={ca or self.ca()}", f"--{prefix}cert={certificate}", f"--{prefix}key={key}")


@pytest.fixture
def files(bench: Workbench) -> Files:
    return Files(bench.directory, Authority("Control"))


@pytest.fixture
def operator(files: Files) -> tuple[str, ...]:
    return files.flags("", files.authority.leaf("operator", for_clients=True), "operator")


def control_flags(files: Files, *names: str) -> tuple[str, ...]:
    return files.flags("control_", files.authority.leaf(*(names or ("127.0.0.1",))), "proxy")


def listening(bench: Workbench, files: Files, *flags: str) -> tuple[Fairlead, str]:
    """A proxy, and its control address by TCP, which speaks mTLS."""
    flags = (*(flags or control_flags(files)), "--control_listen=127.0.0.1:0")
    fairlead = Fairlead(bench, "epoll", workers=1, flags=flags)
    return fairlead, fairlead.process.wait_for_line(r"^control listening on (127\.\S+)$")[1]


def ctl(address: str, *arguments: str, environment: dict[str, str] | None = None) -> Outcome:
    result = subprocess.run(
        [binary("fairleadctl"), f"--address={address}", *arguments],
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
        timeout=60,
    )
    return Outcome(result.returncode, result.stdout, result.stderr)


def told(process: Process, text: str) -> None:
    wait_until(lambda: text in process.stderr(), lambda: f"{text!r} in {process.stderr()!r}")


def refused(*flags: str) -> str:
    """What a proxy says that does not start."""
    command = [binary("fairlead"), "--workers=1", *flags]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert result.returncode != 0
    return result.stderr


def test_who_is_signed_is_let_in(bench: Workbench, files: Files, operator: tuple[str, ...]):
    fairlead, address = listening(bench, files)
    outcome = ctl(address, *operator, "status", "-o", "json")
    assert outcome.code == 0, outcome.err
    variables = {"FAIRLEAD_CA": operator[0], "FAIRLEAD_CERT": operator[1], "FAIRLEAD_KEY": operator[2]}
    environment = {name: flag.partition("=")[2] for name, flag in variables.items()}
    assert ctl(address, "status", environment=environment).code == 0
    # The unix socket is this machine's own, and speaks no TLS, whatever the environment says.
    assert ctl(fairlead.control, "status", environment=environment).code == 0


@pytest.mark.parametrize(
    ("who", "proxy_says"),
    [
        ("a stranger", "certificate verify failed"),
        ("expired", "certificate verify failed"),
        ("nobody", "peer did not return a certificate"),
        ("plain", "wrong version number"),
    ],
)
def test_others_are_refused_and_told_why(
    bench: Workbench, files: Files, operator: tuple[str, ...], who: str, proxy_says: str
):
    fairlead, address = listening(bench, files)
    if who == "nobody":
        # Python's gRPC is willing to go without.
        with grpc.secure_channel(address, grpc.ssl_channel_credentials(files.authority.roots.encode())) as channel:
            stream = api.services.DataPlaneStub(channel).Connect(iter(()), timeout=20)
            with pytest.raises(grpc.RpcError) as error:
                next(stream)
            assert error.value.code() == grpc.StatusCode.UNAVAILABLE
    else:
        flags: tuple[str, ...] = ()
        hint = "(it may want mTLS: --ca, --cert and --key)"
        if who != "plain":
            signer = Authority("Stranger") if who == "a stranger" else files.authority
            shown = signer.leaf("operator", for_clients=True, days=-2 if who == "expired" else 30)
            flags = files.flags("", shown, "shown")
            hint = "(it may not trust --cert, or speak no TLS there: its log knows)"
        outcome = ctl(address, *flags, "status")
        assert (outcome.code, outcome.err.count("\n")) == (3, 1)
        assert outcome.err.startswith(f"can't reach the proxy at {address}: ")
        assert outcome.err.endswith(f"{hint}\n")
    told(fairlead.process, proxy_says)
    assert ctl(address, *operator, "status").code == 0


def test_the_operator_refuses_proxies_that_are_not_what_they_say(bench: Workbench, files: Files):
    _, address = listening(bench, files, *control_flags(files, "proxy.example"))
    client = files.authority.leaf("operator", for_clients=True)
    stranger = files.flags("", client, "operator", ca=files.ca(Authority("Stranger"), "stranger"))
    outcome = ctl(address, *stranger, "status")
    assert outcome.code == 3
    assert "certificate verify failed" in outcome.err
    operator = files.flags("", client, "operator")
    outcome = ctl(address, *operator, "status")
    assert outcome.code == 3
    assert "Hostname Verification Check failed" in outcome.err
    assert ctl(address, *operator, "--server_name=proxy.example", "status").code == 0


def test_a_command_line_that_can_not_work_is_told_at_once(bench: Workbench, files: Files, operator: tuple[str, ...]):
    unix = f"--control_listen=unix:{bench.directory}/control"
    for address in ("--control_listen=0.0.0.0:0", "--control_listen=[::]:0", "--control=192.0.2.1:7000"):
        said = refused(unix, address)
        assert "beyond loopback, control needs mTLS: give --control_ca, --control_cert and --control_key" in said
    ca, certificate, key = control_flags(files)
    assert "missing: --control_key" in refused(unix, ca, certificate)
    assert refused(unix, ca, certificate, "--control_key=/nowhere").startswith("fairlead: --control_key: /nowhere: No such")
    other = files.authority.leaf("127.0.0.1").write(bench.directory, "other")
    assert refused(unix, ca, certificate, f"--control_key={other[1]}").startswith("fairlead: --control_key: ")
    expired = files.flags("control_", files.authority.leaf("127.0.0.1", days=-2), "expired")
    said = refused(unix, *expired)
    assert said.startswith("fairlead: --control_cert: ") and "expired" in said
    outcome = ctl("127.0.0.1:1", *operator[:2], "status")
    assert (outcome.code, "missing: --key" in outcome.err) == (2, True)


def test_beyond_loopback_it_may_listen_with_mtls(bench: Workbench, files: Files, operator: tuple[str, ...]):
    flags = (*control_flags(files), "--control_listen=0.0.0.0:0")
    fairlead = Fairlead(bench, "epoll", workers=1, flags=flags)
    port = fairlead.process.wait_for_line(r"^control listening on 0\.0\.0\.0:(\d+)$")[1]
    assert ctl(f"127.0.0.1:{port}", *operator, "status").code == 0


def test_a_proxy_dials_a_controller_by_mtls(bench: Workbench, files: Files):
    controller = files.flags("", files.authority.leaf("controller.example"), "controller")
    mock = ControlplaneMock(bench, configs.site(), *controller)
    proxy_flags = files.flags("control_", files.authority.leaf("proxy", for_clients=True), "proxy")
    fairlead = Fairlead(
        bench,
        "epoll",
        workers=1,
        controllers=(mock.address,),
        flags=(*proxy_flags, "--control_server_name=controller.example"),
    )
    mock.wait_until_served()
    assert fairlead.status()["revision"] == 1


def test_a_proxy_refuses_a_controller_of_another_name(bench: Workbench, files: Files):
    mock = ControlplaneMock(bench, configs.site(), *files.flags("", files.authority.leaf("other.example"), "controller"))
    fairlead = Fairlead(bench, "epoll", workers=1, controllers=(mock.address,), flags=control_flags(files))
    told(fairlead.process, "Hostname Verification Check failed")
    assert fairlead.status()["revision"] == 0


def test_a_controller_refuses_proxies_that_are_not_signed(bench: Workbench, files: Files):
    mock = ControlplaneMock(bench, configs.site(), *files.flags("", files.authority.leaf("127.0.0.1"), "controller"))
    stranger = files.flags("control_", Authority("Stranger").leaf("127.0.0.1"), "proxy")
    fairlead = Fairlead(bench, "epoll", workers=1, controllers=(mock.address,), flags=stranger)
    told(fairlead.process, "(it may not trust --control_cert, or speak no TLS there: its log knows)")
    assert not mock.proxy()


def test_the_mock_dials_proxies_by_mtls(bench: Workbench, files: Files):
    fairlead, address = listening(bench, files)
    flags = files.flags("", files.authority.leaf("controller", for_clients=True), "controller")
    ControlplaneMock(bench, configs.site(), f"--dial={address}", *flags).wait_until_served()
    assert fairlead.status()["revision"] == 1


def test_certificates_that_change_are_taken_without_a_restart(bench: Workbench, files: Files):
    fairlead, address = listening(bench, files)
    successor = Authority("Successor")
    new = files.flags("", successor.leaf("operator", for_clients=True), "new", ca=files.ca(successor, "successor"))
    assert ctl(address, *new, "status").code == 3
    # As certificates are renewed: each file at once, with the new authority beside the old.
    for name, text in (
        ("ca.pem", files.authority.roots + successor.roots),
        *zip(("proxy.key", "proxy.pem"), _key_and_chain(successor.leaf("127.0.0.1")), strict=True),
    ):
        temporary = bench.directory / "renewed"
        temporary.write_text(text)
        temporary.rename(bench.directory / name)
    wait_until(lambda: ctl(address, *new, "status").code == 0, "the new certificates hold")
    told(fairlead.process, "was read anew; it ends in ")


def _key_and_chain(identity: Identity) -> tuple[str, str]:
    return identity.key, identity.chain
