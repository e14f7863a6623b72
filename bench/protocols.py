"""What is spoken on either side of a proxy, and how each proxy is told so: what fills the templates in configurations/."""

import dataclasses
import pathlib
import subprocess

from tests.support.wire import Wire, get


@dataclasses.dataclass(frozen=True)
class Mode:
    """The directory of templates, and what the proxies speak with clients ("http", "h2c", or "tls" with HTTP/2 and HTTP/1.1
    by ALPN) and with the origin ("http", "h2c")."""

    templates: str = "http"
    clients: str = "http"
    origin: str = "http"

    def serves(self, name: str) -> bool:
        # nginx 1.22 speaks HTTP/2 to servers of gRPC alone.
        return name != "nginx" or self.origin == "http"


MODES = {
    "http": Mode(),
    "tcp": Mode(templates="tcp"),
    "h2c": Mode(clients="h2c"),
    "h2c_h2c": Mode(clients="h2c", origin="h2c"),
    "tls": Mode(clients="tls"),
    "tls_h2c": Mode(clients="tls", origin="h2c"),
}


_KEYS = {"P-256": ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"], "RSA-2048": ["-newkey", "rsa:2048"]}


class Certificate:
    """A self-signed one in files of `directory`, its key of one of KINDS."""

    KINDS = tuple(_KEYS)

    def __init__(self, directory: pathlib.Path, kind: str = "P-256"):
        self.chain = directory / f"{kind}.crt"
        self.key = directory / f"{kind}.key"
        self.both = directory / f"{kind}.pem"  # as HAProxy wants it
        kind = [*_KEYS[kind], "-nodes", "-subj", "/CN=localhost"]
        names = ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
        files = ["-keyout", str(self.key), "-out", str(self.chain)]
        subprocess.run(["openssl", "req", "-x509", "-days", "30", *kind, *names, *files], check=True, capture_output=True)
        self.both.write_text(self.chain.read_text() + self.key.read_text())


def parts(mode: Mode, certificate: Certificate) -> dict[str, str]:
    """What of the templates depends on the mode, for all proxies."""
    tls = mode.clients == "tls"
    h2_origin = mode.origin == "h2c"
    return {
        "nginx_listen": {"http": "", "h2c": " http2", "tls": " ssl http2"}[mode.clients],
        "nginx_tls": _NGINX_TLS.format(chain=certificate.chain, key=certificate.key) if tls else "",
        "haproxy_bind": {"http": "", "h2c": " proto h2", "tls": f" ssl crt {certificate.both} alpn h2,http/1.1"}[
            mode.clients
        ],
        "haproxy_server": " proto h2" if h2_origin else "",
        "envoy_tls": _ENVOY_TLS.format(chain=certificate.chain, key=certificate.key) if tls else "",
        "envoy_cluster": _ENVOY_HTTP2 if h2_origin else "",
        "fairlead_tls": "\n    tls: {certificates: [site]}" if tls else "",
        "fairlead_certificates": _FAIRLEAD_CERTIFICATE.format(chain=certificate.chain, key=certificate.key) if tls else "",
        "fairlead_backend": "\n    protocol: HTTP2" if h2_origin else "",
    }


def answers(address: str, mode: Mode) -> bool:
    """Whether a proxy answers a request as its clients of the mode make it."""
    if mode.clients != "http":
        flags = ["--silent", "--insecure", "--max-time", "5", "--output", "/dev/null", "--write-out", "%{http_code}"]
        url = f"https://{address}/" if mode.clients == "tls" else f"http://{address}/"
        protocol = "--http2" if mode.clients == "tls" else "--http2-prior-knowledge"
        return subprocess.run(["curl", *flags, protocol, url], capture_output=True, text=True).stdout == "200"
    try:
        with Wire.connect(address) as wire:
            return wire.request(get("/")).status == 200
    except OSError:
        return False


_ENVOY_TLS = """
          transport_socket:
            name: envoy.transport_sockets.tls
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext
              common_tls_context:
                alpn_protocols: [h2, http/1.1]
                tls_certificates:
                  - certificate_chain: {{filename: "{chain}"}}
                    private_key: {{filename: "{key}"}}"""

_ENVOY_HTTP2 = """
      typed_extension_protocol_options:
        envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
          "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
          explicit_http_config: {http2_protocol_options: {}}"""

# Its 1.22 leaves out TLS 1.3 unless it is asked to.
_NGINX_TLS = """
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_certificate {chain};
    ssl_certificate_key {key};"""

_FAIRLEAD_CERTIFICATE = """certificates:
  - {{id: site, chain: {{file: "{chain}"}}, key: {{file: "{key}"}}}}
"""
