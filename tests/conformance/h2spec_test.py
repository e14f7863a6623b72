"""h2spec, generic and strict, finds nothing."""

import re

from tests.conformance import h2spec
from tests.support import configs
from tests.support.certificates import Authority
from tests.support.fairlead import Fairlead


def expect_all_to_pass(said: str) -> None:
    counts = re.search(r"(\d+) tests, (\d+) passed, (\d+) skipped, (\d+) failed", said)
    assert counts, said
    total, _, skipped, failed = map(int, counts.groups())
    assert (total, skipped, failed) == (146, 0, 0), said[said.find("Failures") :]


def test_h2spec_passes_whole_without_tls(fairlead: Fairlead, start_origin):
    with fairlead.connect() as control:
        # Only HTTP/2: a listener that speaks HTTP/1 too answers a bad preface in HTTP/1.
        control.replace(configs.site(start_origin("w1").server(), http={"http2": {"only": True}}))
    # An answer comes when its request is whole: an early one would end what the suite goes on to break.
    expect_all_to_pass(h2spec.run(fairlead.listener(), "/upload"))


def test_h2spec_passes_whole_over_tls(fairlead: Fairlead, start_origin):
    with fairlead.connect() as control:
        certificate = Authority().leaf("localhost").resource("c")
        control.replace(configs.over_tls(configs.site(start_origin("w1").server()), certificate))
    expect_all_to_pass(h2spec.run(fairlead.listener(), "/upload", "--tls", "--insecure"))
