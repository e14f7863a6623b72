"""Controllers on an etcd that speaks TLS, and asks its clients for certificates."""

import dataclasses

import pytest

from tests.support import configs
from tests.support.certificates import Authority
from tests.support.controlplane_mock import ControlplaneMock
from tests.support.etcd import Etcd, EtcdTls, store
from tests.support.fairlead import Fairlead
from tests.support.processes import Workbench
from tests.support.waiting import wait_until


@dataclasses.dataclass
class SecureStore:
    bench: Workbench
    authority: Authority
    etcd: Etcd

    def flags(self, authority: Authority, name: str, ca: Authority | None = None) -> tuple[str, ...]:
        """For a controller whose certificate `authority` has signed, and that trusts `ca`, or etcd's own."""
        trusted = self.bench.directory / f"{name}-ca.pem"
        trusted.write_text((ca or self.authority).roots)
        certificate, key = authority.leaf(name, for_clients=True).write(self.bench.directory, name)
        return (f"--store_ca={trusted}", f"--store_cert={certificate}", f"--store_key={key}")

    def controller(self, name: str, *flags: str) -> ControlplaneMock:
        where = (f"--store={store(self.etcd)}", f"--name={name}", "--lease_ttl=2")
        return ControlplaneMock(self.bench, None, *where, *flags, name=name)


def start(bench: Workbench, *names: str) -> SecureStore:
    authority = Authority("Store")
    ca = bench.directory / "etcd-ca.pem"
    ca.write_text(authority.roots)
    tls = EtcdTls(
        ca=ca,
        server=authority.leaf(*names).write(bench.directory, "etcd"),
        client=authority.leaf("operator", for_clients=True).write(bench.directory, "operator"),
    )
    etcd = Etcd(bench, tls=tls)
    etcd.put("site.yaml", configs.site({"id": "w1", "address": "127.0.0.1:9", "weight": 1}))
    return SecureStore(bench, authority, etcd)


@pytest.fixture
def secure(bench: Workbench) -> SecureStore:
    return start(bench, "127.0.0.1")


def role(controller: ControlplaneMock) -> str:
    return controller.status().get("store", {}).get("role", "")


def weight(proxy: Fairlead) -> int:
    backends = proxy.status()["backends"]
    return backends[0]["servers"][0]["weight"] if backends else 0


def assert_it_never_leads(controller: ControlplaneMock, why: str) -> None:
    wait_until(
        lambda: why in controller.status().get("store", {}).get("error", ""),
        lambda: f"it says {why!r}; it says {controller.status().get('store')}",
    )
    assert role(controller) == "STANDING_BY"
    assert controller.process.is_running()


def test_a_store_by_mtls_is_followed_and_a_failover_works(bench: Workbench, secure: SecureStore):
    first = secure.controller("ctl-a", *secure.flags(secure.authority, "ctl-a"))
    wait_until(lambda: role(first) == "LEADING", "it leads")
    second = secure.controller("ctl-b", *secure.flags(secure.authority, "ctl-b"))
    proxy = Fairlead(bench, "epoll", workers=1, controllers=(first.address, second.address))
    wait_until(lambda: weight(proxy) == 1, "the document is served")
    secure.etcd.put("site.yaml", configs.site({"id": "w1", "address": "127.0.0.1:9", "weight": 5}))
    wait_until(lambda: weight(proxy) == 5, "so is what it becomes")
    first.process.kill()
    wait_until(lambda: role(second) == "LEADING", "the other leads")
    secure.etcd.put("site.yaml", configs.site({"id": "w1", "address": "127.0.0.1:9", "weight": 7}))
    wait_until(lambda: weight(proxy) == 7, "and serves")


def test_a_store_that_comes_back_with_another_certificate_is_followed_again(bench: Workbench, secure: SecureStore):
    controller = secure.controller("ctl-a", *secure.flags(secure.authority, "ctl-a"))
    wait_until(lambda: role(controller) == "LEADING", "it leads")
    secure.etcd.kill()
    wait_until(lambda: controller.status()["store"]["error"], "it has noticed")
    secure.authority.leaf("127.0.0.1").write(bench.directory, "etcd")
    secure.etcd.start()
    wait_until(lambda: role(controller) == "LEADING", "it leads again")


def test_a_store_that_somebody_else_signed_is_not_believed(secure: SecureStore):
    other = Authority("Somebody")
    controller = secure.controller("ctl-a", *secure.flags(secure.authority, "ctl-a", ca=other))
    assert_it_never_leads(controller, "certificate")


def test_a_store_of_another_name_is_not_believed_unless_that_name_is_wanted(bench: Workbench):
    secure = start(bench, "etcd.example")
    flags = secure.flags(secure.authority, "ctl-a")
    assert_it_never_leads(secure.controller("ctl-a", *flags), "ostname")
    named = secure.controller("ctl-b", *flags, "--store_server_name=etcd.example")
    wait_until(lambda: role(named) == "LEADING", "the one that knows the name leads")


def test_a_controller_that_the_store_does_not_know_never_leads(secure: SecureStore):
    controller = secure.controller("ctl-a", *secure.flags(Authority("Somebody"), "ctl-a"))
    assert_it_never_leads(controller, "it may not trust --store_cert")


def test_a_controller_without_a_certificate_is_told_what_is_missing(secure: SecureStore):
    assert_it_never_leads(secure.controller("ctl-a"), "it may want mTLS: --store_ca, --store_cert and --store_key")


def test_roles_of_the_store_hold_for_the_name_in_the_certificate(bench: Workbench, secure: SecureStore):
    ctl = secure.etcd.ctl
    ctl("role", "add", "controller")
    ctl("role", "grant-permission", "controller", "readwrite", "--prefix=true", "/fairlead/")
    for user, its_role in (("root", "root"), ("operator", "root"), ("ctl-a", "controller")):
        ctl("user", "add", user, "--no-password")
        ctl("user", "grant-role", user, its_role)
    ctl("auth", "enable")
    known = secure.controller("ctl-a", *secure.flags(secure.authority, "ctl-a"))
    wait_until(lambda: role(known) == "LEADING", "it may")
    unknown = secure.controller("ctl-b", *secure.flags(secure.authority, "ctl-b"))
    assert_it_never_leads(unknown, "permission denied")
    # And it asks again with growing pauses, not as fast as it can.
    assert secure.etcd.process.stderr().count("invalid user name ctl-b") < 100
