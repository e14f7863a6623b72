#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <vector>

#include "dataplane/base/absl_strings.h"
#include "dataplane/control/compiler.h"
#include "dataplane/control/test_support.h"

namespace fairlead::control {
namespace {

using testing::ElementsAre;
using testing::UnorderedElementsAreArray;

// A transaction against kSmallState, and all that is wrong with it.
struct Case {
  const char* name;
  const char* transaction;
  std::vector<std::string> violations;
};

std::ostream& operator<<(std::ostream& out, const Case& c) { return out << c.name; }

class Refused : public testing::TestWithParam<Case> {};

TEST_P(Refused, WithEveryReasonAndNothingChanged) {
  CompiledState state(kSmallState);
  const std::shared_ptr<const config::Snapshot> before = state.store().snapshot();
  EXPECT_THAT(state.Try(ParseTransaction(GetParam().transaction)), UnorderedElementsAreArray(GetParam().violations));
  EXPECT_EQ(state.store().snapshot(), before);
}

const Case kTransactions[] = {
    {"NeitherForm", R"(id: "t")", {"INVALID_ARGUMENT operations: none, and no snapshot; want exactly one of the two"}},
    {"BothForms",
     R"(snapshot {} operations { remove_listener: "web" })",
     {"INVALID_ARGUMENT snapshot: beside operations; want exactly one of the two"}},
    {"EmptyOperation",
     R"(operations { remove_listener: "web" } operations {})",
     {"INVALID_ARGUMENT operations[1]: empty, or one that this version does not know"}},
    {"ConfirmWithin",
     R"(operations { remove_listener: "web" } confirm_within { seconds: 5 })",
     {"UNIMPLEMENTED confirm_within: this version does not do it yet"}},
    {"Preconditions",
     R"(operations { remove_listener: "web" } preconditions { max_servers_removed: 5 })",
     {"UNIMPLEMENTED preconditions: this version does not do it yet"}},
    {"Certificates",
     R"(snapshot { certificates { id: "site" } trust_bundles { id: "roots" } })",
     {"UNIMPLEMENTED certificates: this version does not do it yet",
      "UNIMPLEMENTED trust_bundles: this version does not do it yet"}},
    {"OperationsOnCertificates",
     R"(operations { upsert_certificate { id: "a" } } operations { remove_certificate: "b" }
        operations { upsert_trust_bundle { id: "c" } } operations { remove_trust_bundle: "d" })",
     {"UNIMPLEMENTED certificates[\"a\"]: this version does not do it yet",
      "UNIMPLEMENTED certificates[\"b\"]: this version does not do it yet",
      "UNIMPLEMENTED trust_bundles[\"c\"]: this version does not do it yet",
      "UNIMPLEMENTED trust_bundles[\"d\"]: this version does not do it yet"}},
    {"NamedTwiceInOperations",
     R"(operations { remove_listener: "web" } operations { remove_listener: "web" }
        operations { upsert_backend { id: "new" } } operations { remove_backend: "new" }
        operations { upsert_server { backend: "web" server { id: "w1" address: "10.0.0.1:80" } } }
        operations { remove_server { backend: "web" server: "w1" } }
        operations { set_health { backend: "web" server: "w2" status: UP } }
        operations { set_health { backend: "web" server: "w2" status: UP } })",
     {"ALREADY_EXISTS listeners[\"web\"]: named twice in this transaction",
      "ALREADY_EXISTS backends[\"new\"]: named twice in this transaction",
      "ALREADY_EXISTS backends[\"web\"].servers[\"w1\"]: named twice in this transaction",
      "ALREADY_EXISTS health[\"web/w2\"]: named twice in this transaction"}},
    {"NamedTwiceInSnapshot",
     R"(snapshot {
          route_tables { id: "r" } route_tables { id: "r" }
          backends { id: "b" servers { id: "s" address: "10.0.0.1:80" } servers { id: "s" address: "10.0.0.1:81" } }
        })",
     {"ALREADY_EXISTS route_tables[\"r\"]: named twice in this transaction",
      "ALREADY_EXISTS backends[\"b\"].servers[\"s\"]: named twice in this transaction"}},
    {"Ids",
     R"(operations { upsert_backend {} } operations { upsert_route_table { id: "a b" } }
        operations { remove_listener: "\377" }
        operations { upsert_server { backend: "web" } })",
     {"INVALID_ARGUMENT backends[\"\"].id: "
      "not an id (1 to 128 bytes of letters, digits, '.', '_', ':', '-'): \"\"",
      "INVALID_ARGUMENT route_tables[\"a b\"].id: "
      "not an id (1 to 128 bytes of letters, digits, '.', '_', ':', '-'): \"a b\"",
      "INVALID_ARGUMENT listeners[\"\\xff\"].id: "
      "not an id (1 to 128 bytes of letters, digits, '.', '_', ':', '-'): \"\\xff\"",
      "INVALID_ARGUMENT backends[\"web\"].servers[\"\"].id: "
      "not an id (1 to 128 bytes of letters, digits, '.', '_', ':', '-'): \"\""}},
    {"RemovingWhatIsNotThere",
     R"(operations { remove_listener: "x" } operations { remove_route_table: "x" } operations { remove_backend: "x" }
        operations { remove_server { backend: "web" server: "x" } }
        operations { remove_server { backend: "x" server: "w1" } })",
     {"NOT_FOUND listeners[\"x\"]: no such listener", "NOT_FOUND route_tables[\"x\"]: no such route table",
      "NOT_FOUND backends[\"x\"]: no such backend", "NOT_FOUND backends[\"web\"].servers[\"x\"]: no such server",
      "NOT_FOUND backends[\"x\"].servers[\"w1\"]: no such server"}},
    {"RemovingWhatIsInUse",
     R"(operations { remove_route_table: "main" } operations { remove_backend: "api" })",
     // The table goes too, so only it is in use.
     {"IN_USE route_tables[\"main\"]: still referred to by listener \"web\""}},
    {"RemovingABackendInUse",
     R"(operations { remove_backend: "api" } operations { remove_backend: "web" })",
     {"IN_USE backends[\"api\"]: still referred to by route table \"main\"",
      "IN_USE backends[\"web\"]: still referred to by route table \"main\""}},
    {"ReferringToWhatGoes",
     R"(operations { remove_backend: "api" } operations { remove_route_table: "main" }
        operations { upsert_listener { id: "web" address: "127.0.0.1:0" http { route_table: "main" } } })",
     {"NOT_FOUND listeners[\"web\"].http.route_table: no route table \"main\" at the end of the transaction"}},
    {"SnapshotWithoutWhatItRefersTo",
     R"(snapshot {
          listeners { id: "web" address: "127.0.0.1:0" http { route_table: "main" } }
          backends { id: "web" servers { id: "w1" address: "127.0.0.1:9001" weight: 5 } }
          health { backend: "web" server: "w2" status: DOWN reason: "refused" }
        })",
     {"NOT_FOUND listeners[\"web\"].http.route_table: no route table \"main\" at the end of the transaction",
      "NOT_FOUND health[\"web/w2\"].server: no server \"w2\" at the end of the transaction"}},
    {"ServersOfARefusedBackend",
     R"(snapshot { backends { id: "?" servers { id: "s" address: "nowhere" } } })",
     {"INVALID_ARGUMENT backends[\"?\"].id: not an id (1 to 128 bytes of letters, digits, '.', '_', ':', '-'): \"?\"",
      "INVALID_ARGUMENT backends[\"?\"].servers[\"s\"].address: not an IP:port or unix path: \"nowhere\""}},
};

const Case kListeners[] = {
    {"ListenerOfNothing",
     R"(operations { upsert_listener { id: "l" address: "127.0.0.1:0" } })",
     {"INVALID_ARGUMENT listeners[\"l\"]: neither http nor tcp; want exactly one"}},
    {"ListenerOfTcp",
     R"(operations { upsert_listener { id: "a" address: "127.0.0.1:0" tcp {} } }
        operations { upsert_listener { id: "b" address: "127.0.0.1:0" tcp { backend: "x" idle_timeout {} } } })",
     {"INVALID_ARGUMENT listeners[\"a\"].tcp.backend: missing; want the id of a backend",
      "NOT_FOUND listeners[\"b\"].tcp.backend: no backend \"x\" at the end of the transaction",
      "INVALID_ARGUMENT listeners[\"b\"].tcp.idle_timeout: not 1 ms to 24 h: 0s"}},
    {"ListenerOfBoth",
     R"(operations { upsert_listener {
          id: "l" address: "127.0.0.1:0" http { route_table: "main" } tcp { backend: "web" } } })",
     {"INVALID_ARGUMENT listeners[\"l\"]: both http and tcp; want exactly one"}},
    {"ListenerWithTls",
     R"(operations { upsert_listener {
          id: "l" address: "127.0.0.1:0" http { route_table: "main" }
          tls { certificates: "c" } } })",
     {"UNIMPLEMENTED listeners[\"l\"].tls: this version does not do it yet"}},
    {"ListenerWithProxyProtocol",
     R"(operations { upsert_listener {
          id: "a" address: "127.0.0.1:0" http { route_table: "main" } proxy_protocol {} } }
        operations { upsert_listener { id: "b" address: "127.0.0.1:0" http { route_table: "main" }
          proxy_protocol { trusted_sources: "10.0.0.0/8" trusted_sources: "here" timeout {} } } })",
     {"INVALID_ARGUMENT listeners[\"a\"].proxy_protocol.trusted_sources: none; want at least one network whose word is "
      "taken",
      "INVALID_ARGUMENT listeners[\"b\"].proxy_protocol.trusted_sources[1]: not a network such as 10.0.0.0/8, ::1/128 "
      "or "
      "unix: \"here\"",
      "INVALID_ARGUMENT listeners[\"b\"].proxy_protocol.timeout: not 1 ms to 24 h: 0s"}},
    {"ListenerWithTooManyOfASource",
     R"(operations { upsert_listener { id: "l" address: "127.0.0.1:0" http { route_table: "main" }
          max_connections_per_source: 32768 } })",
     {"INVALID_ARGUMENT listeners[\"l\"].max_connections_per_source: not 1 to 32767: 32768"}},
    {"ListenerWithoutTable",
     R"(operations { upsert_listener { id: "l" address: "127.0.0.1:0" http {} } })",
     {"INVALID_ARGUMENT listeners[\"l\"].http.route_table: missing; want the id of a route table"}},
    {"ListenerWithUnknownTable",
     R"(operations { upsert_listener { id: "l" address: "127.0.0.1:0" http { route_table: "x" } } })",
     {"NOT_FOUND listeners[\"l\"].http.route_table: no route table \"x\" at the end of the transaction"}},
    {"ListenerAddresses",
     R"(operations { upsert_listener { id: "a" address: "localhost:80" http { route_table: "main" } } }
        operations { upsert_listener { id: "b" address: "unix:run/b.sock" http { route_table: "main" } } }
        operations { upsert_listener { id: "c" http { route_table: "main" } } })",
     {"INVALID_ARGUMENT listeners[\"a\"].address: not an IP:port or unix path: \"localhost:80\"",
      "INVALID_ARGUMENT listeners[\"b\"].address: not an IP:port or unix path: \"unix:run/b.sock\"",
      "INVALID_ARGUMENT listeners[\"c\"].address: not an IP:port or unix path: \"\""}},
    {"ListenersWithOneAddress",
     R"(operations { upsert_listener { id: "a" address: "127.0.0.1:81" http { route_table: "main" } } }
        operations { upsert_listener { id: "b" address: "127.0.0.1:81" http { route_table: "main" } } })",
     {"ALREADY_EXISTS listeners[\"b\"].address: listener \"a\" has the same address"}},
    {"ListenersWithOnePath",
     R"(operations { upsert_listener { id: "a" address: "unix:/run/s" http { route_table: "main" } } }
        operations { upsert_listener { id: "b" address: "unix:/run/s" http { route_table: "main" } } })",
     {"ALREADY_EXISTS listeners[\"b\"].address: listener \"a\" has the same address"}},
    {"UnixModes",
     R"(operations { upsert_listener { id: "a" address: "127.0.0.1:0" unix_mode: "0600" http { route_table: "main" } } }
        operations { upsert_listener { id: "b" address: "unix:/run/b" unix_mode: "1777" http { route_table: "main" } } }
        operations { upsert_listener { id: "c" address: "unix:/run/c" unix_mode: "0680" http { route_table: "main" } } }
        operations { upsert_listener { id: "d" address: "unix:/run/d" unix_mode: "-6" http { route_table: "main" } } })",
     {"INVALID_ARGUMENT listeners[\"a\"].unix_mode: only for a unix socket; the address is none",
      "INVALID_ARGUMENT listeners[\"b\"].unix_mode: not permissions in octal digits, such as \"0660\": \"1777\"",
      "INVALID_ARGUMENT listeners[\"c\"].unix_mode: not permissions in octal digits, such as \"0660\": \"0680\"",
      "INVALID_ARGUMENT listeners[\"d\"].unix_mode: not permissions in octal digits, such as \"0660\": \"-6\""}},
    {"Forwarding",
     R"(operations { upsert_listener { id: "l" address: "127.0.0.1:0" http {
          route_table: "main" forwarding { via: "a b" trusted_proxies: "::1/129" }
          path_normalization { escaped_slashes: 7 } } } })",
     {"INVALID_ARGUMENT listeners[\"l\"].http.forwarding.via: not a token of at most 64 bytes: \"a b\"",
      "INVALID_ARGUMENT listeners[\"l\"].http.forwarding.trusted_proxies[0]: "
      "not a network such as 10.0.0.0/8, ::1/128 or unix: \"::1/129\"",
      "INVALID_ARGUMENT listeners[\"l\"].http.path_normalization.escaped_slashes: "
      "unknown value 7; known are KEEP, REJECT, DECODE"}},
    {"AccessLogs",
     R"(operations { upsert_listener { id: "a" address: "127.0.0.1:0" http { route_table: "main" } access_log {
          format: "%{client} %{host}" request_headers: "x y" request_headers: "" request_headers: "A"
          request_headers: "a" } } }
        operations { upsert_listener { id: "b" address: "127.0.0.1:0" http { route_table: "main" } access_log {
          off: true format: "%{response_header.server}" response_headers: "server:" } } }
        operations { upsert_listener { id: "c" address: "127.0.0.1:0" http { route_table: "main" } access_log {
          format: "%h \"%r\"" } } })",
     {"INVALID_ARGUMENT listeners[\"a\"].access_log.format: unknown field \"host\"; known are time, type, listener, "
      "revision, route_table, virtual_host, rule, backend, server, server_address, attempts, reused, client, peer, "
      "method, "
      "authority, path, protocol, status, bytes_received, bytes_sent, request_head_us, request_body_us, queue_us, "
      "connect_us, response_head_us, response_body_us, total_us, request_id, user_agent, referer, decided_by, reason, "
      "detail, request_header.a",
      "INVALID_ARGUMENT listeners[\"a\"].access_log.request_headers[0]: "
      "not the name of a field (1 to 256 characters of a token): \"x y\"",
      "INVALID_ARGUMENT listeners[\"a\"].access_log.request_headers[1]: "
      "not the name of a field (1 to 256 characters of a token): \"\"",
      "ALREADY_EXISTS listeners[\"a\"].access_log.request_headers[3]: twice in this list: \"a\"",
      "INVALID_ARGUMENT listeners[\"b\"].access_log.response_headers[0]: "
      "not the name of a field (1 to 256 characters of a token): \"server:\"",
      "INVALID_ARGUMENT listeners[\"b\"].access_log.format: unknown field \"response_header.server\": "
      "name \"server\" in response_headers first; known are time, type, listener, revision, route_table, virtual_host, "
      "rule, backend, server, server_address, attempts, reused, client, peer, method, authority, path, protocol, "
      "status, "
      "bytes_received, bytes_sent, request_head_us, request_body_us, queue_us, connect_us, response_head_us, "
      "response_body_us, total_us, request_id, user_agent, referer, decided_by, reason, detail",
      "INVALID_ARGUMENT listeners[\"c\"].access_log.format: '%' is followed by neither '{' nor '%' at byte 0 of the "
      "format"}},
    {"ListenerLimits",
     R"(operations { upsert_listener { id: "l" address: "127.0.0.1:0" http {
          route_table: "main" max_header_bytes: 1023 max_header_count: 1001
          max_uri_bytes: 63 request_timeout {}
          idle_timeout { seconds: 86400 nanos: 1000000 } header_timeout { seconds: -1 } } } })",
     {"INVALID_ARGUMENT listeners[\"l\"].http.max_header_bytes: not 1024 to 65536: 1023",
      "INVALID_ARGUMENT listeners[\"l\"].http.max_header_count: not 1 to 1000: 1001",
      "INVALID_ARGUMENT listeners[\"l\"].http.max_uri_bytes: not 64 to 65536: 63",
      "INVALID_ARGUMENT listeners[\"l\"].http.request_timeout: not 1 ms to 24 h: 0s",
      "INVALID_ARGUMENT listeners[\"l\"].http.idle_timeout: not 1 ms to 24 h: 86400s",
      "INVALID_ARGUMENT listeners[\"l\"].http.header_timeout: not 1 ms to 24 h: -1s"}},
};

const Case kRouteTables[] = {
    {"VirtualHosts",
     R"(operations { upsert_route_table { id: "r"
          virtual_hosts { id: "a" }
          virtual_hosts { id: "a" domains: "example.org" domains: "EXAMPLE.org" domains: "example.org:80" domains: "*a" }
          virtual_hosts { domains: "*.example.org" domains: "" } } })",
     {"INVALID_ARGUMENT route_tables[\"r\"].virtual_hosts[\"a\"].domains: none; want at least one",
      "ALREADY_EXISTS route_tables[\"r\"].virtual_hosts[\"a\"]: twice in this route table",
      "ALREADY_EXISTS route_tables[\"r\"].virtual_hosts[\"a\"].domains[1]: twice in this route table: \"EXAMPLE.org\"",
      "INVALID_ARGUMENT route_tables[\"r\"].virtual_hosts[\"a\"].domains[2]: "
      "not a host name, \"*.\" and a host name, or \"*\": \"example.org:80\"",
      "INVALID_ARGUMENT route_tables[\"r\"].virtual_hosts[\"a\"].domains[3]: "
      "not a host name, \"*.\" and a host name, or \"*\": \"*a\"",
      "INVALID_ARGUMENT route_tables[\"r\"].virtual_hosts[\"\"].id: "
      "not an id (1 to 128 bytes of letters, digits, '.', '_', ':', '-'): \"\"",
      "INVALID_ARGUMENT route_tables[\"r\"].virtual_hosts[\"\"].domains[1]: "
      "not a host name, \"*.\" and a host name, or \"*\": \"\""}},
    {"RuleIds",
     R"(operations { upsert_route_table { id: "r" virtual_hosts { id: "h" domains: "*"
          rules { id: "a" backends { backend: "web" } }
          rules { id: "a" backends { backend: "web" } }
          rules { backends { backend: "web" } } } } })",
     {"ALREADY_EXISTS route_tables[\"r\"].virtual_hosts[\"h\"].rules[\"a\"]: twice in this virtual host",
      "INVALID_ARGUMENT route_tables[\"r\"].virtual_hosts[\"h\"].rules[\"\"].id: "
      "not an id (1 to 128 bytes of letters, digits, '.', '_', ':', '-'): \"\""}},
    {"RuleActions",
     R"(operations { upsert_route_table { id: "r" virtual_hosts { id: "h" domains: "*"
          rules { id: "none" }
          rules { id: "two" backends { backend: "web" } respond { status: 503 } }
          rules { id: "both" redirect { path: "/" } respond { status: 503 } }
          rules { id: "c" respond { status: 503 } timeout { seconds: 1 } idle_timeout { seconds: 1 }
                  rewrite { host: "a" } request_headers {} response_headers {} } } } })",
     {"INVALID_ARGUMENT route_tables[\"r\"].virtual_hosts[\"h\"].rules[\"none\"]: "
      "none of backends, redirect and respond; want exactly one",
      "INVALID_ARGUMENT route_tables[\"r\"].virtual_hosts[\"h\"].rules[\"two\"]: "
      "more than one of backends, redirect and respond; want exactly one",
      "INVALID_ARGUMENT route_tables[\"r\"].virtual_hosts[\"h\"].rules[\"both\"]: "
      "more than one of backends, redirect and respond; want exactly one",
      "INVALID_ARGUMENT route_tables[\"r\"].virtual_hosts[\"h\"].rules[\"c\"].timeout: "
      "only with backends",
      "INVALID_ARGUMENT route_tables[\"r\"].virtual_hosts[\"h\"].rules[\"c\"].idle_timeout: "
      "only with backends",
      "INVALID_ARGUMENT route_tables[\"r\"].virtual_hosts[\"h\"].rules[\"c\"].rewrite: "
      "only with backends",
      "INVALID_ARGUMENT route_tables[\"r\"].virtual_hosts[\"h\"].rules[\"c\"].request_headers: "
      "only with backends"}},
    {"RuleRedirects",
     R"(operations { upsert_route_table { id: "r" virtual_hosts { id: "h" domains: "*"
          rules { id: "a" redirect { status: 300 strip_query: true } }
          rules { id: "b" redirect { path: "//evil.org" scheme: "ftp" } }
          rules { id: "c" redirect { path: "/a?b" path_prefix: "/\\c" host: "a b" } }
          rules { id: "d" match { path_prefix: "/d" } redirect { path_prefix: "d" host: "user@d.org" } }
          rules { id: "e" redirect { path: "/\r\nSet-Cookie: a" } } } } })",
     {"INVALID_ARGUMENT route_tables[\"r\"].virtual_hosts[\"h\"].rules[\"a\"].redirect: "
      "none of path, path_prefix, scheme and host; want at least one",
      "INVALID_ARGUMENT route_tables[\"r\"].virtual_hosts[\"h\"].rules[\"a\"].redirect.status: "
      "not 301, 302, 303, 307 or 308: 300",
      "INVALID_ARGUMENT route_tables[\"r\"].virtual_hosts[\"h\"].rules[\"b\"].redirect.path: "
      "begins as the name of a host would: \"//evil.org\"",
      "INVALID_ARGUMENT route_tables[\"r\"].virtual_hosts[\"h\"].rules[\"b\"].redirect.scheme: "
      "not http or https: \"ftp\"",
      "INVALID_ARGUMENT route_tables[\"r\"].virtual_hosts[\"h\"].rules[\"c\"].redirect.path: "
      "not for a path (visible ASCII without '?' and '#'): \"/a?b\"",
      "INVALID_ARGUMENT route_tables[\"r\"].virtual_hosts[\"h\"].rules[\"c\"].redirect: "
      "both path and path_prefix; want at most one",
      "INVALID_ARGUMENT route_tables[\"r\"].virtual_hosts[\"h\"].rules[\"c\"].redirect.path_prefix: "
      "begins as the name of a host would: \"/\\\\c\"",
      "INVALID_ARGUMENT route_tables[\"r\"].virtual_hosts[\"h\"].rules[\"c\"].redirect.path_prefix: "
      "the rule has no match.path_prefix that it could stand for",
      "INVALID_ARGUMENT route_tables[\"r\"].virtual_hosts[\"h\"].rules[\"c\"].redirect.host: "
      "not a host name or address, maybe with a port: \"a b\"",
      "INVALID_ARGUMENT route_tables[\"r\"].virtual_hosts[\"h\"].rules[\"d\"].redirect.path_prefix: "
      "does not begin with '/': \"d\"",
      "INVALID_ARGUMENT route_tables[\"r\"].virtual_hosts[\"h\"].rules[\"d\"].redirect.host: "
      "not a host name or address, maybe with a port: \"user@d.org\"",
      "INVALID_ARGUMENT route_tables[\"r\"].virtual_hosts[\"h\"].rules[\"e\"].redirect.path: "
      "not for a path (visible ASCII without '?' and '#'): \"/\\r\\nSet-Cookie: a\""}},
    {"RuleResponses",
     R"(operations { upsert_route_table { id: "r" virtual_hosts { id: "h" domains: "*"
          rules { id: "a" respond {} }
          rules { id: "b" respond { status: 600 body: "x" content_type: "a\r\nb: c" } }
          rules { id: "c" respond { status: 204 body: "x" } }
          rules { id: "d" respond { status: 200 content_type: "text/html" } } } } })",
     {"INVALID_ARGUMENT route_tables[\"r\"].virtual_hosts[\"h\"].rules[\"a\"].respond.status: "
      "not 200 to 599: 0",
      "INVALID_ARGUMENT route_tables[\"r\"].virtual_hosts[\"h\"].rules[\"b\"].respond.status: "
      "not 200 to 599: 600",
      "INVALID_ARGUMENT route_tables[\"r\"].virtual_hosts[\"h\"].rules[\"b\"].respond.content_type: "
      "control characters: \"a\\r\\nb: c\"",
      "INVALID_ARGUMENT route_tables[\"r\"].virtual_hosts[\"h\"].rules[\"c\"].respond.body: "
      "a 204 has none",
      "INVALID_ARGUMENT route_tables[\"r\"].virtual_hosts[\"h\"].rules[\"d\"].respond.content_type: "
      "there is no body"}},
    {"RuleRewrites",
     R"(operations { upsert_route_table { id: "r" virtual_hosts { id: "h" domains: "*"
          rules { id: "a" backends { backend: "web" } rewrite {} }
          rules { id: "b" backends { backend: "web" } rewrite { path_prefix: "b" path_regex { pattern: "(" } } }
          rules { id: "c" backends { backend: "web" } rewrite { path_regex { substitution: "\\1" } host: "/" } }
          rules { id: "d" backends { backend: "web" } rewrite { path_regex { pattern: "a" substitution: "?" } } } } } })",
     {"INVALID_ARGUMENT route_tables[\"r\"].virtual_hosts[\"h\"].rules[\"a\"].rewrite: "
      "none of path_prefix, path_regex and host; want at least one",
      "INVALID_ARGUMENT route_tables[\"r\"].virtual_hosts[\"h\"].rules[\"b\"].rewrite: "
      "both path_prefix and path_regex; want at most one",
      "INVALID_ARGUMENT route_tables[\"r\"].virtual_hosts[\"h\"].rules[\"b\"].rewrite.path_prefix: "
      "does not begin with '/': \"b\"",
      "INVALID_ARGUMENT route_tables[\"r\"].virtual_hosts[\"h\"].rules[\"b\"].rewrite.path_prefix: "
      "the rule has no match.path or match.path_prefix that it could stand for",
      "INVALID_ARGUMENT route_tables[\"r\"].virtual_hosts[\"h\"].rules[\"b\"].rewrite.path_regex.pattern: "
      "not a regular expression of RE2: missing ): (",
      "INVALID_ARGUMENT route_tables[\"r\"].virtual_hosts[\"h\"].rules[\"c\"].rewrite.path_regex.pattern: "
      "missing; want a regular expression",
      "INVALID_ARGUMENT route_tables[\"r\"].virtual_hosts[\"h\"].rules[\"c\"].rewrite.path_regex.substitution: "
      "\\1, but the pattern has 0 groups",
      "INVALID_ARGUMENT route_tables[\"r\"].virtual_hosts[\"h\"].rules[\"c\"].rewrite.host: "
      "not a host name or address, maybe with a port: \"/\"",
      "INVALID_ARGUMENT route_tables[\"r\"].virtual_hosts[\"h\"].rules[\"d\"].rewrite.path_regex.substitution: "
      "not for a path (visible ASCII without '?' and '#'): \"?\""}},
    {"RuleHeaderChanges",
     R"(operations { upsert_route_table { id: "r" virtual_hosts { id: "h" domains: "*"
          rules { id: "a" backends { backend: "web" }
                  request_headers { remove: "" remove: "host" remove: "EXPECT" set { name: "a b" value: "c" } add { name: "Content-Length" } }
                  response_headers { set { name: "x" value: "1\r\ny: 2" } add { name: "y" value: " z" } } } } } })",
     {"INVALID_ARGUMENT route_tables[\"r\"].virtual_hosts[\"h\"].rules[\"a\"].request_headers.remove[0]: "
      "not a token (letters, digits and !#$%&'*+-.^_`|~): \"\"",
      "INVALID_ARGUMENT route_tables[\"r\"].virtual_hosts[\"h\"].rules[\"a\"].request_headers.remove[1]: "
      "the proxy itself is in charge of it: host",
      "INVALID_ARGUMENT route_tables[\"r\"].virtual_hosts[\"h\"].rules[\"a\"].request_headers.remove[2]: "
      "the proxy itself is in charge of it: EXPECT",
      "INVALID_ARGUMENT route_tables[\"r\"].virtual_hosts[\"h\"].rules[\"a\"].request_headers.set[0].name: "
      "not a token (letters, digits and !#$%&'*+-.^_`|~): \"a b\"",
      "INVALID_ARGUMENT route_tables[\"r\"].virtual_hosts[\"h\"].rules[\"a\"].request_headers.add[0].name: "
      "the proxy itself is in charge of it: Content-Length",
      "INVALID_ARGUMENT route_tables[\"r\"].virtual_hosts[\"h\"].rules[\"a\"].response_headers.set[0].value: "
      "control characters: \"1\\r\\ny: 2\"",
      "INVALID_ARGUMENT route_tables[\"r\"].virtual_hosts[\"h\"].rules[\"a\"].response_headers.add[0].value: "
      "white space at the beginning or the end: \" z\""}},
    {"RuleTunnels",
     R"(operations { upsert_route_table { id: "r" virtual_hosts { id: "h" domains: "*"
          rules { id: "a" backends { backend: "web" } upgrades: "h2c" upgrades: "HTTP/2.0" upgrades: "a b" upgrades: "" }
          rules { id: "b" backends { backend: "web" } upgrades: "websocket" upgrades: "none" upgrades: "a/" }
          rules { id: "c" match { path: "/c" } backends { backend: "web" } allow_connect: true }
          rules { id: "d" respond { status: 200 } upgrades: "websocket" allow_connect: true } } } })",
     {"INVALID_ARGUMENT route_tables[\"r\"].virtual_hosts[\"h\"].rules[\"a\"].upgrades[0]: "
      "a version of HTTP, whose requests no rule would see: \"h2c\"",
      "INVALID_ARGUMENT route_tables[\"r\"].virtual_hosts[\"h\"].rules[\"a\"].upgrades[1]: "
      "a version of HTTP, whose requests no rule would see: \"HTTP/2.0\"",
      "INVALID_ARGUMENT route_tables[\"r\"].virtual_hosts[\"h\"].rules[\"a\"].upgrades[2]: "
      "not a protocol such as \"websocket\" or \"foo/2\", of at most 64 bytes: \"a b\"",
      "INVALID_ARGUMENT route_tables[\"r\"].virtual_hosts[\"h\"].rules[\"a\"].upgrades[3]: "
      "not a protocol such as \"websocket\" or \"foo/2\", of at most 64 bytes: \"\"",
      "INVALID_ARGUMENT route_tables[\"r\"].virtual_hosts[\"h\"].rules[\"b\"].upgrades[1]: "
      "\"none\" beside protocols; want it alone",
      "INVALID_ARGUMENT route_tables[\"r\"].virtual_hosts[\"h\"].rules[\"b\"].upgrades[2]: "
      "not a protocol such as \"websocket\" or \"foo/2\", of at most 64 bytes: \"a/\"",
      "INVALID_ARGUMENT route_tables[\"r\"].virtual_hosts[\"h\"].rules[\"c\"].allow_connect: "
      "set beside a path; CONNECT has none",
      "INVALID_ARGUMENT route_tables[\"r\"].virtual_hosts[\"h\"].rules[\"d\"].upgrades: only with backends",
      "INVALID_ARGUMENT route_tables[\"r\"].virtual_hosts[\"h\"].rules[\"d\"].allow_connect: only with backends"}},
    {"RuleMatches",
     R"(operations { upsert_route_table { id: "r" virtual_hosts { id: "h" domains: "*"
          rules { id: "a" match { path: "a" } backends { backend: "web" } }
          rules { id: "b" match { path_prefix: "b" } backends { backend: "web" } }
          rules { id: "c" match { path: "/c" path_prefix: "/c" } backends { backend: "web" } }
          rules { id: "d" match { path: "/d?e" } backends { backend: "web" } }
          rules { id: "e" match { path_prefix: "/d e" } backends { backend: "web" } }
          rules { id: "f" match { path_regex: "/(f" } backends { backend: "web" } }
          rules { id: "g" match { path: "/g" path_regex: "/g" } backends { backend: "web" } }
          rules { id: "h" match { source_networks: "::/0" source_networks: "10.0.0.0/33" } backends { backend: "web" } } } } })",
     {"INVALID_ARGUMENT route_tables[\"r\"].virtual_hosts[\"h\"].rules[\"a\"].match.path: "
      "does not begin with '/': \"a\"",
      "INVALID_ARGUMENT route_tables[\"r\"].virtual_hosts[\"h\"].rules[\"b\"].match.path_prefix: "
      "does not begin with '/': \"b\"",
      "INVALID_ARGUMENT route_tables[\"r\"].virtual_hosts[\"h\"].rules[\"c\"].match: "
      "more than one of path, path_prefix and path_regex; want at most one",
      "INVALID_ARGUMENT route_tables[\"r\"].virtual_hosts[\"h\"].rules[\"d\"].match.path: "
      "not for a path (visible ASCII without '?' and '#'): \"/d?e\"",
      "INVALID_ARGUMENT route_tables[\"r\"].virtual_hosts[\"h\"].rules[\"e\"].match.path_prefix: "
      "not for a path (visible ASCII without '?' and '#'): \"/d e\"",
      "INVALID_ARGUMENT route_tables[\"r\"].virtual_hosts[\"h\"].rules[\"f\"].match.path_regex: "
      "not a regular expression of RE2: missing ): /(f",
      "INVALID_ARGUMENT route_tables[\"r\"].virtual_hosts[\"h\"].rules[\"g\"].match: "
      "more than one of path, path_prefix and path_regex; want at most one",
      "INVALID_ARGUMENT route_tables[\"r\"].virtual_hosts[\"h\"].rules[\"h\"].match.source_networks[1]: "
      "not a network such as 10.0.0.0/8, ::1/128 or unix: \"10.0.0.0/33\""}},
    {"RuleMethods",
     R"(operations { upsert_route_table { id: "r" virtual_hosts { id: "h" domains: "*"
          rules { id: "a" backends { backend: "web" }
                  match { methods: "GET" methods: "" methods: "GET,POST"
                          methods: "ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFG" } } } } })",
     {"INVALID_ARGUMENT route_tables[\"r\"].virtual_hosts[\"h\"].rules[\"a\"].match.methods[1]: "
      "not a token (letters, digits and !#$%&'*+-.^_`|~): \"\"",
      "INVALID_ARGUMENT route_tables[\"r\"].virtual_hosts[\"h\"].rules[\"a\"].match.methods[2]: "
      "not a token (letters, digits and !#$%&'*+-.^_`|~): \"GET,POST\"",
      "INVALID_ARGUMENT route_tables[\"r\"].virtual_hosts[\"h\"].rules[\"a\"].match.methods[3]: "
      "longer than 32 bytes: 33"}},
    {"RuleHeaders",
     R"(operations { upsert_route_table { id: "r" virtual_hosts { id: "h" domains: "*"
          rules { id: "a" backends { backend: "web" }
                  match { headers { exact: "1" }
                          headers { name: "a b" }
                          headers { name: "c" exact: "1" prefix: "2" }
                          headers { name: "d" regex: "[" }
                          headers { name: "e" exact: "1\r\nf: 2" }
                          headers { name: "f" prefix: " x" }
                          headers { name: "g" regex: "x" absent: true } } } } } })",
     {"INVALID_ARGUMENT route_tables[\"r\"].virtual_hosts[\"h\"].rules[\"a\"].match.headers[0].name: "
      "not a token (letters, digits and !#$%&'*+-.^_`|~): \"\"",
      "INVALID_ARGUMENT route_tables[\"r\"].virtual_hosts[\"h\"].rules[\"a\"].match.headers[1].name: "
      "not a token (letters, digits and !#$%&'*+-.^_`|~): \"a b\"",
      "INVALID_ARGUMENT route_tables[\"r\"].virtual_hosts[\"h\"].rules[\"a\"].match.headers[2]: "
      "more than one of exact, prefix, regex and absent; want at most one",
      "INVALID_ARGUMENT route_tables[\"r\"].virtual_hosts[\"h\"].rules[\"a\"].match.headers[3].regex: "
      "not a regular expression of RE2: missing ]: [",
      "INVALID_ARGUMENT route_tables[\"r\"].virtual_hosts[\"h\"].rules[\"a\"].match.headers[4].exact: "
      "control characters: \"1\\r\\nf: 2\"",
      "INVALID_ARGUMENT route_tables[\"r\"].virtual_hosts[\"h\"].rules[\"a\"].match.headers[5].prefix: "
      "white space at the beginning or the end: \" x\"",
      "INVALID_ARGUMENT route_tables[\"r\"].virtual_hosts[\"h\"].rules[\"a\"].match.headers[6]: "
      "more than one of exact, prefix, regex and absent; want at most one"}},
    {"RuleQuery",
     R"(operations { upsert_route_table { id: "r" virtual_hosts { id: "h" domains: "*"
          rules { id: "a" backends { backend: "web" }
                  match { query { exact: "1" } query { name: "b" exact: "1" regex: "1" }
                          query { name: "c" regex: "c**" } } } } } })",
     {"INVALID_ARGUMENT route_tables[\"r\"].virtual_hosts[\"h\"].rules[\"a\"].match.query[0].name: "
      "missing; want the name of a parameter",
      "INVALID_ARGUMENT route_tables[\"r\"].virtual_hosts[\"h\"].rules[\"a\"].match.query[1]: "
      "both exact and regex; want at most one",
      "INVALID_ARGUMENT route_tables[\"r\"].virtual_hosts[\"h\"].rules[\"a\"].match.query[2].regex: "
      "not a regular expression of RE2: bad repetition operator: **"}},
    {"RuleBackends",
     R"(operations { upsert_route_table { id: "r" virtual_hosts { id: "h" domains: "*"
          rules { id: "a" backends { backend: "web" } backends { backend: "x" weight: 1000001 } }
          rules { id: "b" backends { backend: "web" weight: 0 } backends { backend: "api" weight: 0 } }
          rules { id: "c" backends { backend: "web" } timeout {} } } } })",
     {"INVALID_ARGUMENT route_tables[\"r\"].virtual_hosts[\"h\"].rules[\"a\"].backends[1].weight: "
      "not 0 to 1000000: 1000001",
      "NOT_FOUND route_tables[\"r\"].virtual_hosts[\"h\"].rules[\"a\"].backends[1].backend: "
      "no backend \"x\" at the end of the transaction",
      "INVALID_ARGUMENT route_tables[\"r\"].virtual_hosts[\"h\"].rules[\"b\"].backends: "
      "all weights are 0; want one above",
      "INVALID_ARGUMENT route_tables[\"r\"].virtual_hosts[\"h\"].rules[\"c\"].timeout: not 1 ms to 24 h: 0s"}},
};

const Case kBackends[] = {
    {"BackendWithServers",
     R"(operations { upsert_backend { id: "b" servers { id: "s" address: "10.0.0.1:80" } } })",
     {"INVALID_ARGUMENT backends[\"b\"].servers: "
      "not empty: in operations, servers have upsert_server and remove_server"}},
    {"BackendFieldsNotDone",
     R"(operations { upsert_backend { id: "b" protocol: HTTP2 tls {} } })",
     {"UNIMPLEMENTED backends[\"b\"].protocol: HTTP2: this version does not do it yet",
      "UNIMPLEMENTED backends[\"b\"].tls: this version does not do it yet"}},
    {"BackendLimits",
     R"(operations { upsert_backend { id: "b"
          timeouts { connect {} response { nanos: 999999 } idle { seconds: 1 nanos: 1500000 } }
          pool { max_idle_connections: 100001 idle_timeout { seconds: 9223372036854775807 } } } })",
     {"INVALID_ARGUMENT backends[\"b\"].timeouts.connect: not 1 ms to 24 h: 0s",
      "INVALID_ARGUMENT backends[\"b\"].timeouts.response: not 1 ms to 24 h: 0.000999999s",
      "INVALID_ARGUMENT backends[\"b\"].timeouts.idle: not a whole number of milliseconds: 1.0015s",
      "INVALID_ARGUMENT backends[\"b\"].pool.max_idle_connections: not 0 to 100000: 100001",
      "INVALID_ARGUMENT backends[\"b\"].pool.idle_timeout: not 1 ms to 24 h: 9.22337e+18s"}},
    {"Servers",
     R"(operations { upsert_server { backend: "web" server { id: "a" address: "10.0.0.300:80" weight: 65536 } } }
        operations { upsert_server { backend: "x" server { id: "b" address: "10.0.0.1:80" } } }
        operations { upsert_server { backend: "web" server { id: "c" address: "unix:" } } }
        operations { upsert_server { backend: "web" server { id: "d" address: "[::1]:0" } } })",
     {"INVALID_ARGUMENT backends[\"web\"].servers[\"a\"].address: not an IP:port or unix path: \"10.0.0.300:80\"",
      "INVALID_ARGUMENT backends[\"web\"].servers[\"a\"].weight: not 0 to 65535: 65536",
      "NOT_FOUND backends[\"x\"].servers[\"b\"]: no backend \"x\" at the end of the transaction",
      "INVALID_ARGUMENT backends[\"web\"].servers[\"c\"].address: not an IP:port or unix path: \"unix:\"",
      "INVALID_ARGUMENT backends[\"web\"].servers[\"d\"].address: port 0: nothing can be reached there"}},
    {"ServerFieldsNotDone",
     R"(snapshot { backends { id: "b" servers {
          id: "s" address: "10.0.0.1:80" zone: "z" priority: 1 } } })",
     {"UNIMPLEMENTED backends[\"b\"].servers[\"s\"].zone: this version does not do it yet",
      "UNIMPLEMENTED backends[\"b\"].servers[\"s\"].priority: this version does not do it yet"}},
    {"ServerLimits",
     R"(operations { upsert_server { backend: "web" server {
          id: "a" address: "10.0.0.1:80" max_connections: 1000000001 max_requests: 4294967295 } } })",
     {"INVALID_ARGUMENT backends[\"web\"].servers[\"a\"].max_connections: not 0 to 1000000000: 1000000001",
      "INVALID_ARGUMENT backends[\"web\"].servers[\"a\"].max_requests: not 0 to 1000000000: 4294967295"}},
    {"QueueLimits",
     R"(operations { upsert_backend { id: "b" limits { queue_length: 1000001 queue_timeout {} } } })",
     {"INVALID_ARGUMENT backends[\"b\"].limits.queue_length: not 0 to 1000000: 1000001",
      "INVALID_ARGUMENT backends[\"b\"].limits.queue_timeout: not 1 ms to 24 h: 0s"}},
    {"PanicThresholds",
     R"(operations { upsert_backend { id: "a" load_balancing { panic_threshold: 1.5 } } }
        operations { upsert_backend { id: "b" load_balancing { panic_threshold: -0.1 } } }
        operations { upsert_backend { id: "c" load_balancing { panic_threshold: nan } } })",
     {"INVALID_ARGUMENT backends[\"a\"].load_balancing.panic_threshold: not 0 to 1: 1.5",
      "INVALID_ARGUMENT backends[\"b\"].load_balancing.panic_threshold: not 0 to 1: -0.1",
      "INVALID_ARGUMENT backends[\"c\"].load_balancing.panic_threshold: not 0 to 1: nan"}},
    {"ServerOfABackendThatGoes",
     R"(operations { remove_route_table: "main" } operations { remove_listener: "web" } operations { remove_backend: "api" }
        operations { upsert_server { backend: "api" server { id: "a2" address: "10.0.0.1:80" } } }
        operations { set_health { backend: "api" server: "a1" status: UP } })",
     {"NOT_FOUND backends[\"api\"].servers[\"a2\"]: no backend \"api\" at the end of the transaction",
      "NOT_FOUND health[\"api/a1\"].backend: no backend \"api\" at the end of the transaction"}},
    {"HealthOfWhatIsNotThere",
     R"(operations { set_health { backend: "x" server: "w1" status: UP } }
        operations { set_health { backend: "web" server: "x" } }
        operations { remove_server { backend: "web" server: "w2" } }
        operations { set_health { backend: "web" server: "w2" } })",
     {"NOT_FOUND health[\"x/w1\"].backend: no backend \"x\" at the end of the transaction",
      "NOT_FOUND health[\"web/x\"].server: no server \"x\" at the end of the transaction",
      "NOT_FOUND health[\"web/w2\"].server: no server \"w2\" at the end of the transaction"}},
};

std::string NameOf(const testing::TestParamInfo<Case>& info) { return info.param.name; }

INSTANTIATE_TEST_SUITE_P(Transactions, Refused, testing::ValuesIn(kTransactions), NameOf);
INSTANTIATE_TEST_SUITE_P(Listeners, Refused, testing::ValuesIn(kListeners), NameOf);
INSTANTIATE_TEST_SUITE_P(RouteTables, Refused, testing::ValuesIn(kRouteTables), NameOf);
INSTANTIATE_TEST_SUITE_P(Backends, Refused, testing::ValuesIn(kBackends), NameOf);

TEST(CompilerViolations, UnknownEnumValuesAreRefusedWithTheKnownOnes) {
  CompiledState state(kSmallState);
  v1::Transaction transaction;
  v1::Backend& backend = *transaction.add_operations()->mutable_upsert_backend();
  backend.set_id("b");
  backend.set_protocol(static_cast<v1::Backend::Protocol>(7));
  backend.mutable_load_balancing()->set_policy(static_cast<v1::LoadBalancing::Policy>(-1));
  v1::UpsertServer& server = *transaction.add_operations()->mutable_upsert_server();
  server.set_backend("b");
  server.mutable_server()->set_id("s");
  server.mutable_server()->set_address("10.0.0.1:80");
  server.mutable_server()->set_admin_state(static_cast<v1::Server::AdminState>(3));
  v1::HealthState& health = *transaction.add_operations()->mutable_set_health();
  health.set_backend("web");
  health.set_server("w1");
  health.set_status(static_cast<v1::Health::Status>(99));
  EXPECT_THAT(
      state.Try(transaction),
      ElementsAre(
          "INVALID_ARGUMENT backends[\"b\"].load_balancing.policy: "
          "unknown value -1; known are ROUND_ROBIN, LEAST_REQUEST, RANDOM",
          "INVALID_ARGUMENT backends[\"b\"].protocol: unknown value 7; known are HTTP1, HTTP2",
          "INVALID_ARGUMENT backends[\"b\"].servers[\"s\"].admin_state: unknown value 3; known are READY, DRAIN, MAINT",
          "INVALID_ARGUMENT health[\"web/w1\"].status: unknown value 99; known are UNKNOWN, UP, DEGRADED, DOWN"));
}

TEST(CompilerViolations, LongTextsAreRefused) {
  CompiledState state(kSmallState);
  v1::Transaction transaction;
  transaction.set_author(std::string(257, 'a'));
  transaction.set_comment(std::string(257, 'c'));
  transaction.add_operations()->set_remove_listener(std::string(129, 'l'));
  v1::HealthState& health = *transaction.add_operations()->mutable_set_health();
  health.set_backend("web");
  health.set_server("w1");
  health.set_reason(std::string(257, 'r'));
  EXPECT_THAT(state.Try(transaction),
              ElementsAre("INVALID_ARGUMENT author: longer than 256 bytes: 257",
                          "INVALID_ARGUMENT comment: longer than 256 bytes: 257",
                          base::StrCat("INVALID_ARGUMENT listeners[\"", std::string(129, 'l'),
                                       "\"].id: not an id (1 to 128 bytes of letters, digits, '.', '_', ':', '-'): \"",
                                       std::string(129, 'l'), "\""),
                          "INVALID_ARGUMENT health[\"web/w1\"].reason: longer than 256 bytes: 257"));
}

TEST(CompilerViolations, LabelsAreCountedAndMeasured) {
  CompiledState state(kSmallState);
  v1::Transaction transaction;
  v1::UpsertServer& upsert = *transaction.add_operations()->mutable_upsert_server();
  upsert.set_backend("web");
  upsert.mutable_server()->set_id("s");
  upsert.mutable_server()->set_address("10.0.0.1:80");
  auto& labels = *upsert.mutable_server()->mutable_labels();
  for (int i = 0; i < 63; ++i) labels[base::StrCat("label", i)] = std::string(256, 'v');
  labels[std::string(256, 'k')] = "";
  EXPECT_THAT(state.Try(transaction), ElementsAre());

  labels["extra"] = std::string(257, 'v');
  EXPECT_THAT(state.Try(transaction),
              ElementsAre("INVALID_ARGUMENT backends[\"web\"].servers[\"s\"].labels: more than 64 labels: 65",
                          "INVALID_ARGUMENT backends[\"web\"].servers[\"s\"].labels[\"extra\"]: "
                          "longer than 256 bytes: 257"));
}

TEST(CompilerViolations, AMillionOperationsAreAllowedAndNotOneMore) {
  CompiledState state(kSmallState);
  v1::Transaction transaction;
  transaction.mutable_operations()->Reserve(1'000'001);
  for (int i = 0; i <= 1'000'000; ++i) transaction.add_operations()->set_remove_backend("x");
  EXPECT_THAT(state.Try(transaction), ElementsAre("INVALID_ARGUMENT operations: not 1 to 1000000 operations: 1000001"));
}

TEST(CompilerViolations, OneBadOperationAmongAHundredChangesNothingAndAllFaultsAreNamed) {
  CompiledState state(kSmallState);
  const std::shared_ptr<const config::Snapshot> before = state.store().snapshot();
  const absl::uint128 fingerprint = state.store().fingerprint();
  v1::Transaction transaction;
  for (int i = 0; i < 100; ++i) {
    v1::UpsertServer& upsert = *transaction.add_operations()->mutable_upsert_server();
    upsert.set_backend("web");
    upsert.mutable_server()->set_id(base::StrCat("s", i));
    upsert.mutable_server()->set_address(i == 50 ? "nowhere" : "10.0.0.1:80");
    if (i == 50) upsert.mutable_server()->set_weight(70'000);
  }
  EXPECT_THAT(state.Try(transaction),
              ElementsAre("INVALID_ARGUMENT backends[\"web\"].servers[\"s50\"].address: "
                          "not an IP:port or unix path: \"nowhere\"",
                          "INVALID_ARGUMENT backends[\"web\"].servers[\"s50\"].weight: not 0 to 65535: 70000"));
  EXPECT_EQ(state.store().snapshot(), before);
  EXPECT_EQ(state.store().fingerprint(), fingerprint);
  EXPECT_EQ(state.FindServer("web", "s0"), nullptr);
  EXPECT_EQ(state.store().servers(*state.store().backends().Find("web")).size(), 2u);
}

}  // namespace
}  // namespace fairlead::control
