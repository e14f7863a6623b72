"""Certificates for tests: an authority of one's own, and what it signs."""

import dataclasses
import datetime
import ipaddress
import pathlib
import ssl
import tempfile
from collections.abc import Sequence

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_CURVES = {"p256": ec.SECP256R1, "p384": ec.SECP384R1, "p521": ec.SECP521R1}
_DAY = datetime.timedelta(days=1)


def make_key(kind: str) -> rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey:
    """ "p256", "p384", "p521", or "rsa2048" with any number of bits."""
    if kind in _CURVES:
        return ec.generate_private_key(_CURVES[kind]())
    assert kind.startswith("rsa"), kind
    return rsa.generate_private_key(65537, int(kind[len("rsa") :]))


@dataclasses.dataclass
class Identity:
    """A certificate, what stands between it and a root, and its key."""

    certificate: x509.Certificate
    private_key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
    intermediates: Sequence[x509.Certificate] = ()

    @property
    def chain(self) -> str:
        """PEM, the certificate first."""
        every = [self.certificate, *self.intermediates]
        return "".join(one.public_bytes(serialization.Encoding.PEM).decode() for one in every)

    @property
    def key(self) -> str:
        """PEM, PKCS #8."""
        return self.private_key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode()

    def resource(self, identity: str) -> dict:
        """As a Certificate of the API, in its YAML form."""
        return {"id": identity, "chain": {"inline_string": self.chain}, "key": {"inline_string": self.key}}

    def write(self, directory: pathlib.Path, name: str) -> tuple[pathlib.Path, pathlib.Path]:
        """NAME.pem and NAME.key in that directory, as real servers and clients want them."""
        chain, key = directory / f"{name}.pem", directory / f"{name}.key"
        chain.write_text(self.chain)
        key.write_text(self.key)
        return chain, key

    def load_into(self, context: ssl.SSLContext) -> None:
        with tempfile.TemporaryDirectory() as directory:
            context.load_cert_chain(*self.write(pathlib.Path(directory), "identity"))

    def server_context(self, *protocols: str) -> ssl.SSLContext:
        """For a server in Python that shows this and offers these by ALPN."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.load_into(context)
        if protocols:
            context.set_alpn_protocols(list(protocols))
        return context


class Authority:
    """A root that signs. Everything is valid from a day ago for `days` days; negative ones have passed."""

    def __init__(self, name: str = "Test Root", kind: str = "p256"):
        self._key = make_key(kind)
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self._issuing: tuple[x509.Certificate, ...] = ()
        self.certificate = self._sign(self._name, self._key.public_key(), 3650, is_authority=True)

    @property
    def roots(self) -> str:
        """PEM."""
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    def leaf(
        self,
        *names: str,
        kind: str = "p256",
        days: int = 30,
        subject: str | None = None,
        for_clients: bool = False,
        uris: Sequence[str] = (),
    ) -> Identity:
        """For these DNS names or IP addresses; the subject's common name is the first unless it is given."""
        key = make_key(kind)
        common_name = subject if subject is not None else names[0] if names else "client"
        entries: list[x509.GeneralName] = [_general_name(name) for name in names]
        entries += [x509.UniformResourceIdentifier(uri) for uri in uris]
        usage = ExtendedKeyUsageOID.CLIENT_AUTH if for_clients else ExtendedKeyUsageOID.SERVER_AUTH
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
        certificate = self._sign(name, key.public_key(), days, names=entries, usage=usage)
        return Identity(certificate, key, self._issuing)

    def intermediate(self, name: str = "Test Intermediate") -> "Authority":
        """An authority below this one: its leaves carry it in their chains, and `roots` are those of this one."""
        made = Authority.__new__(Authority)
        made._key = make_key("p256")
        made._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        made._issuing = (self._sign(made._name, made._key.public_key(), 365, is_authority=True), *self._issuing)
        made.certificate = self.certificate
        return made

    def revoke(self, *identities: Identity, days: int = 30) -> str:
        """A CRL, in PEM, with these on it."""
        now = datetime.datetime.utcnow()
        builder = x509.CertificateRevocationListBuilder(self._name, now - _DAY, now + days * _DAY)
        for identity in identities:
            serial = identity.certificate.serial_number
            builder = builder.add_revoked_certificate(
                x509.RevokedCertificateBuilder(serial, now - _DAY / 2).build()
            )
        return builder.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()

    def client_context(self, *protocols: str, identity: Identity | None = None) -> ssl.SSLContext:
        """For a client in Python that trusts this root alone."""
        context = ssl.create_default_context(cadata=self.roots)
        if identity is not None:
            identity.load_into(context)
        if protocols:
            context.set_alpn_protocols(list(protocols))
        return context

    def _sign(self, subject, public_key, days, *, names=(), usage=None, is_authority=False) -> x509.Certificate:
        now = datetime.datetime.utcnow()
        end = now + days * _DAY
        builder = x509.CertificateBuilder(
            self._name, subject, public_key, x509.random_serial_number(), min(now, end) - _DAY, end
        )
        builder = builder.add_extension(
            x509.BasicConstraints(ca=is_authority, path_length=None), critical=True
        ).add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
        builder = builder.add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False
        )
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        if usage is not None:
            builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        return builder.sign(self._key, hashes.SHA256())


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
