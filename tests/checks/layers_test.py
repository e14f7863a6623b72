import unittest

import layers
import tree

HEADERS = (
    "api/fingerprint/fingerprint.h",
    "dataplane/base/clock.h",
    "dataplane/buffer/slice.h",
    "dataplane/config/server.h",
    "dataplane/event/loop.h",
    "dataplane/http/h1/parser.h",
    "dataplane/http/h2/session.h",
    "dataplane/http/message.h",
    "dataplane/proxy/stream.h",
    "dataplane/server/server.h",
)


def faults_of(path, text):
    files = [tree.File(header, "") for header in HEADERS if header != path]
    return layers.check(files + [tree.File(path, text)])


class Layers(unittest.TestCase):
    def assert_allowed(self, path, include):
        self.assertEqual(faults_of(path, f"#include {include}\n"), [])

    def assert_refused(self, path, include, reason):
        faults = faults_of(path, f"// The first line.\n#include {include}\n")
        self.assertEqual(len(faults), 1, faults)
        self.assertTrue(faults[0].startswith(f"{path}:2: "), faults[0])
        self.assertIn(reason, faults[0])

    def test_let_a_package_see_itself_and_lower_layers(self):
        self.assert_allowed("dataplane/proxy/pair.cc", '"dataplane/proxy/stream.h"')
        self.assert_allowed("dataplane/proxy/pair.cc", '"dataplane/base/clock.h"')
        self.assert_allowed("dataplane/proxy/pair.cc", "<vector>")

    def test_let_a_program_see_the_packages_that_it_is_made_of(self):
        self.assert_allowed("prober/probe.cc", '"dataplane/event/loop.h"')
        self.assert_allowed("prober/probe.cc", '"dataplane/http/h1/parser.h"')
        self.assert_refused("prober/probe.cc", '"dataplane/proxy/stream.h"', "prober may not see proxy")
        self.assert_refused("prober/probe.cc", "<openssl/ssl.h>", "one door")

    def test_hide_a_program_from_everybody_else(self):
        files = [tree.File("prober/probe.h", ""), tree.File("ctl/get.cc", '#include "prober/probe.h"\n')]
        self.assertEqual(len(layers.check(files)), 1)

    def test_hide_a_higher_layer(self):
        self.assert_refused(
            "dataplane/config/server.h", '"dataplane/proxy/stream.h"', "layer 3) may not see proxy (layer 5"
        )

    def test_hold_for_tests_too(self):
        self.assert_refused("dataplane/config/server_test.cc", '"dataplane/proxy/stream.h"', "may not see proxy")

    def test_hold_for_includes_in_any_form(self):
        self.assert_refused("dataplane/config/server.h", "<dataplane/proxy/stream.h>", "may not see proxy")
        self.assertEqual(len(faults_of("dataplane/config/a.cc", ' #  include  "dataplane/proxy/stream.h" // why\n')), 1)

    def test_hide_packages_of_the_same_layer(self):
        self.assert_refused("dataplane/http/message.h", '"dataplane/config/server.h"', "both are in layer 3")

    def test_let_a_listed_pair_of_one_layer_see_each_other_one_way(self):
        self.assert_allowed("dataplane/event/socket.h", '"dataplane/buffer/slice.h"')
        self.assert_refused("dataplane/buffer/slice.cc", '"dataplane/event/loop.h"', "both are in layer 1")

    def test_have_every_package(self):
        self.assertIn("misc is in no layer", faults_of("dataplane/misc/a.h", "")[0])
        self.assertIn("is no file", faults_of("dataplane/proxy/a.h", '#include "dataplane/misc/a.h"')[0])

    def test_keep_the_codecs_apart(self):
        self.assert_allowed("dataplane/http/h1/parser.cc", '"dataplane/http/h1/parser.h"')
        self.assert_allowed("dataplane/http/h1/parser.cc", '"dataplane/http/message.h"')
        self.assert_allowed("dataplane/proxy/pair.cc", '"dataplane/http/h1/parser.h"')
        self.assert_refused("dataplane/http/message.cc", '"dataplane/http/h1/parser.h"', "http/h1 is seen by itself")
        self.assert_refused("dataplane/http/h2/session.cc", '"dataplane/http/h1/parser.h"', "http/h1 is seen by itself")

    def test_keep_protobuf_and_grpc_from_the_workers(self):
        for include in (
            '"google/protobuf/message.h"',
            '"grpcpp/grpcpp.h"',
            '"fairlead/v1/resources.pb.h"',
            '"api/fingerprint/fingerprint.h"',
        ):
            self.assert_refused("dataplane/proxy/pair.cc", include, "layer 6 and above")
            self.assert_allowed("dataplane/control/stream.cc", include)

    def test_give_each_library_one_door(self):
        for header, door in (
            ("<nghttp2/nghttp2.h>", "dataplane/http/h2/session.cc"),
            ("<openssl/ssl.h>", "dataplane/tls/context.cc"),
            ("<openssl/evp.h>", "api/fingerprint/fingerprint.cc"),
            ("<hiredis/hiredis.h>", "dataplane/sessions/redis.cc"),
            ("<liburing.h>", "dataplane/event/io_uring_loop.cc"),
            ("<yaml-cpp/yaml.h>", "ctl/apply.cc"),
        ):
            self.assert_allowed(door, header)
            self.assert_refused("dataplane/proxy/pair.cc", header, "has one door")
        self.assert_refused("ctl/apply.cc", "<nghttp2/nghttp2.h>", "has one door")
        self.assert_allowed("tests/conformance/h2_client.cc", "<nghttp2/nghttp2.h>")

    def test_want_paths_from_the_root(self):
        self.assert_refused("dataplane/http/message.cc", '"message.h"', "is no file")
        self.assert_refused("tests/support/origin.cc", '"origin.h"', "is no file")

    def test_want_libraries_in_quotes(self):
        self.assert_allowed("dataplane/http/message.cc", '"absl/status/status.h"')
        self.assert_refused("dataplane/http/message.cc", "<absl/status/status.h>", "in quotes")
        self.assert_allowed("dataplane/http/message_test.cc", "<gtest/gtest.h>")

    def test_let_main_see_the_server(self):
        self.assert_allowed("dataplane/main.cc", '"dataplane/server/server.h"')

    def test_keep_main_short(self):
        self.assertEqual(faults_of("dataplane/main.cc", "\n" * 59), [])
        self.assertIn("under 60 lines", faults_of("dataplane/main.cc", "\n" * 60)[0])

    def test_have_no_circle_within_a_layer(self):
        for (package, other), reason in layers.WITHIN_A_LAYER.items():
            self.assertTrue(reason)
            self.assertEqual(layers.layer_of(package), layers.layer_of(other))
            seen, next_ones = set(), {other}
            while next_ones:
                seen |= next_ones
                next_ones = {whom for who, whom in layers.WITHIN_A_LAYER if who in next_ones} - seen
            self.assertNotIn(package, seen, "a circle")


if __name__ == "__main__":
    unittest.main()
