#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "dataplane/base/absl_strings.h"
#include "dataplane/control/compiler.h"
#include "dataplane/control/test_support.h"
#include "dataplane/control/violation_case.h"

namespace fairlead::control {
namespace {

using testing::ElementsAre;
using Case = ViolationCase;

class Refused : public testing::TestWithParam<Case> {};

TEST_P(Refused, WithEveryReasonAndNothingChanged) { ExpectRefused(GetParam()); }

const Case kTransactions[] = {
    {"NeitherForm", R"(id: "t")", {"INVALID_ARGUMENT operations: none, and no snapshot; want exactly one of the two"}},
    {"BothForms",
     R"(snapshot {} operations { remove_listener: "web" })",
     {"INVALID_ARGUMENT snapshot: beside operations; want exactly one of the two"}},
    {"EmptyOperation",
     R"(operations { remove_listener: "web" } operations {})",
     {"INVALID_ARGUMENT operations[1]: empty, or one that this version does not know"}},
    {"TicketKeys",
     R"(operations { upsert_ticket_keys { id: "e" } } operations { remove_ticket_keys: "f" })",
     {"INVALID_ARGUMENT ticket_keys[\"e\"].keys: not 1 to 16 keys: 0",
      "NOT_FOUND ticket_keys[\"f\"]: no such ticket keys"}},
    {"TicketKeysOfTheWrongKind",
     R"(operations { upsert_ticket_keys { id: "e"
          keys {}
          keys { key { file: "k" } }
          keys { key { inline_bytes: "too short" } not_before { seconds: -1 } }
          keys { key { inline_bytes:
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" } not_before { seconds: 1 } }
          keys { key { inline_bytes:
            "aaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb" } }
          keys { key { inline_bytes:
            "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc" }
            not_before { seconds: 1 nanos: 999 } } } })",
     {"INVALID_ARGUMENT ticket_keys[\"e\"].keys[0].key: missing; want its contents",
      "INVALID_ARGUMENT ticket_keys[\"e\"].keys[1].key.file: "
      "the proxy reads no file that a controller names; want the contents (fairleadctl sends them)",
      "INVALID_ARGUMENT ticket_keys[\"e\"].keys[2].not_before: not a time of the years 1970 to 9999",
      "INVALID_ARGUMENT ticket_keys[\"e\"].keys[2].key: 9 bytes; want 80, all random",
      "ALREADY_EXISTS ticket_keys[\"e\"].keys[4].key: another key here has the same 16 bytes of name",
      "ALREADY_EXISTS ticket_keys[\"e\"].keys[5].not_before: "
      "another key here has the same; which of them made tickets would be open"}},
    {"Scopes",
     R"(operations { upsert_scope { id: "c" permissions { kind: 9 id_prefix: "x" } } } operations { remove_scope: "d" }
        operations { upsert_scope { id: "e" everyone_else: true identities {} permissions { id_prefix: "a b" }
                                    permissions { kind: HEALTH } } })",
     {"INVALID_ARGUMENT scopes[\"c\"].permissions[0].kind: unknown value 9; known are ALL, HEALTH, WEIGHTS, USE",
      "INVALID_ARGUMENT scopes[\"c\"].identities: none, and not for everyone_else: it would hold for nobody",
      "NOT_FOUND scopes[\"d\"]: no such scope",
      "INVALID_ARGUMENT scopes[\"e\"].identities[0]: empty; want one of certificate_name, token_sha256, unix_uid",
      "INVALID_ARGUMENT scopes[\"e\"].permissions[0].id_prefix: not the beginning of an id: \"a b\"",
      "INVALID_ARGUMENT scopes: nobody could change them any more: one with a permission of kind ALL and no id_prefix "
      "must stay"}},
    {"Reporters",
     R"(operations { upsert_reporter { id: "none" } } operations { remove_reporter: "x" }
        operations { upsert_reporter { id: "p" identities { unix_uid: 0 } identities {} identities { token_sha256: "secret" }
                                       failure_domain: "a b" backends: "web" backends: "" backends: "a b*" backends: "a*b"
                                       weight: 1001 } }
        operations { upsert_reporter { id: "controller" identities { unix_uid: 0 } backends: "*" } })",
     {"INVALID_ARGUMENT reporters[\"none\"].identities: not 1 to 16: 0",
      "INVALID_ARGUMENT reporters[\"none\"].backends: not 1 to 1000: 0", "NOT_FOUND reporters[\"x\"]: no such reporter",
      "INVALID_ARGUMENT reporters[\"p\"].identities[1]: empty; want one of certificate_name, token_sha256, unix_uid",
      "INVALID_ARGUMENT reporters[\"p\"].identities[2].token_sha256: not 64 hexadecimal digits",
      "INVALID_ARGUMENT reporters[\"p\"].failure_domain: with other than printable characters",
      "INVALID_ARGUMENT reporters[\"p\"].backends[1]: empty; want the id of a backend, or \"*\" for all",
      "INVALID_ARGUMENT reporters[\"p\"].backends[2]: not an id, nor the beginning of one with '*' behind it: \"a b\"",
      "INVALID_ARGUMENT reporters[\"p\"].backends[3]: not an id, nor the beginning of one with '*' behind it: \"a*b\"",
      "INVALID_ARGUMENT reporters[\"p\"].weight: not 1 to 1000: 1001",
      "INVALID_ARGUMENT reporters[\"controller\"].id: taken by the controller itself; choose another"}},
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
    {"Http2TowardServers",
     R"(operations { upsert_backend { id: "b" http2 { max_concurrent_streams: 5 } } }
        operations { upsert_backend { id: "c" protocol: HTTP2 http2 { max_concurrent_streams: 10001
          stream_window: 65534 connection_window: 16777217 ping_interval { nanos: 999000000 } ping_timeout {} } } })",
     {"INVALID_ARGUMENT backends[\"b\"].http2: with protocol HTTP2 or AUTO alone",
      "INVALID_ARGUMENT backends[\"c\"].http2.max_concurrent_streams: not 1 to 10000: 10001",
      "INVALID_ARGUMENT backends[\"c\"].http2.stream_window: not 65535 to 16777216: 65534",
      "INVALID_ARGUMENT backends[\"c\"].http2.connection_window: not 65535 to 16777216: 16777217",
      "INVALID_ARGUMENT backends[\"c\"].http2.ping_interval: less than 1 s: 999 ms",
      "INVALID_ARGUMENT backends[\"c\"].http2.ping_timeout: not 1 ms to 24 h: 0s"}},
    {"GrpcRetries",
     R"(operations { upsert_route_table { id: "t" virtual_hosts { id: "h" domains: "*"
          rules { id: "a" backends { backend: "web" } grpc_retry {} }
          rules { id: "b" backends { backend: "web" } grpc_retry { statuses: "OK" statuses: "UNAVAILABLE"
                                                                   max_retries: 11 } }
          rules { id: "c" respond { status: 200 } grpc_retry { statuses: "INTERNAL" } } } } })",
     {"INVALID_ARGUMENT route_tables[\"t\"].virtual_hosts[\"h\"].rules[\"a\"].grpc_retry.statuses: none; want at least "
      "one",
      "INVALID_ARGUMENT route_tables[\"t\"].virtual_hosts[\"h\"].rules[\"b\"].grpc_retry.statuses[0]: "
      "not CANCELLED, DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, INTERNAL or UNAVAILABLE: \"OK\"",
      "INVALID_ARGUMENT route_tables[\"t\"].virtual_hosts[\"h\"].rules[\"b\"].grpc_retry.max_retries: not 1 to 10: 11",
      "INVALID_ARGUMENT route_tables[\"t\"].virtual_hosts[\"h\"].rules[\"c\"].grpc_retry: only with backends"}},
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
    {"ListenerWithSniRoutes",
     R"(operations { upsert_listener { id: "l" address: "127.0.0.1:0" tcp { backend: "x"
          sni_routes { server_names: "A.example" backend: "web" }
          sni_routes { server_names: "a.example" server_names: "a b" server_names: "*" backend: "y" }
          sni_routes {} } } })",
     {"ALREADY_EXISTS listeners[\"l\"].tcp.sni_routes[1].server_names[0]: twice in this listener: \"a.example\"",
      "INVALID_ARGUMENT listeners[\"l\"].tcp.sni_routes[1].server_names[1]: "
      "not a host name, \"*.\" and a host name, or \"*\": \"a b\"",
      "NOT_FOUND listeners[\"l\"].tcp.sni_routes[1].backend: no backend \"y\" at the end of the transaction",
      "INVALID_ARGUMENT listeners[\"l\"].tcp.sni_routes[2].server_names: none; want at least one",
      "INVALID_ARGUMENT listeners[\"l\"].tcp.sni_routes[2].backend: missing; want the id of a backend",
      "NOT_FOUND listeners[\"l\"].tcp.backend: no backend \"x\" at the end of the transaction"}},
    {"ListenerOfBoth",
     R"(operations { upsert_listener {
          id: "l" address: "127.0.0.1:0" http { route_table: "main" } tcp { backend: "web" } } })",
     {"INVALID_ARGUMENT listeners[\"l\"]: both http and tcp; want exactly one"}},
    {"ListenerWithTls",
     R"(operations { upsert_listener {
          id: "l" address: "127.0.0.1:0" http { route_table: "main" }
          tls { certificates: "c" } } })",
     {"NOT_FOUND listeners[\"l\"].tls.certificates[0]: no certificate \"c\" at the end of the transaction"}},
    {"ListenerWithTlsOfNothing",
     R"(operations { upsert_listener {
          id: "l" address: "127.0.0.1:0" tls { session_cache: 1000001 early_data: true ticket_keys: "t"
            client_auth { mode: REQUIRED trust: "x" forward_headers: true } handshake_timeout {} }
          tcp { backend: "web" sni_routes { server_names: "a.example" backend: "web" } } } })",
     {"INVALID_ARGUMENT listeners[\"l\"].tls.certificates: not 1 to 1000 certificates: 0",
      "NOT_FOUND listeners[\"l\"].tls.client_auth.trust: no trust bundle \"x\" at the end of the transaction",
      "INVALID_ARGUMENT listeners[\"l\"].tls.client_auth.forward_headers: only with http",
      "NOT_FOUND listeners[\"l\"].tls.ticket_keys: no ticket keys \"t\" at the end of the transaction",
      "INVALID_ARGUMENT listeners[\"l\"].tls.session_cache: not 0 to 1000000: 1000001",
      "INVALID_ARGUMENT listeners[\"l\"].tls.early_data: only with http, whose methods tell what may come twice",
      "INVALID_ARGUMENT listeners[\"l\"].tls.handshake_timeout: not 1 ms to 24 h: 0s",
      "INVALID_ARGUMENT listeners[\"l\"].tls: set beside tcp.sni_routes; TLS either ends here or is passed through"}},
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
    {"Http2",
     R"(operations { upsert_listener { id: "l" address: "127.0.0.1:0" http { route_table: "main" http2 {
          off: true only: true max_concurrent_streams: 10001 stream_window: 65534 connection_window: 16777217
          max_connection_age { nanos: 999000000 } ping_interval { seconds: 86401 } ping_timeout {}
          max_resets: 1000001 max_control_frames: 99 } } } })",
     {"INVALID_ARGUMENT listeners[\"l\"].http.http2.only: together with off",
      "INVALID_ARGUMENT listeners[\"l\"].http.http2.max_concurrent_streams: not 1 to 10000: 10001",
      "INVALID_ARGUMENT listeners[\"l\"].http.http2.stream_window: not 65535 to 16777216: 65534",
      "INVALID_ARGUMENT listeners[\"l\"].http.http2.connection_window: not 65535 to 16777216: 16777217",
      "INVALID_ARGUMENT listeners[\"l\"].http.http2.max_connection_age: not 1 s to 24 h: 0.999s",
      "INVALID_ARGUMENT listeners[\"l\"].http.http2.ping_interval: not 1 s to 24 h: 86401s",
      "INVALID_ARGUMENT listeners[\"l\"].http.http2.ping_timeout: not 1 ms to 24 h: 0s",
      "INVALID_ARGUMENT listeners[\"l\"].http.http2.max_resets: not 1 to 1000000: 1000001",
      "INVALID_ARGUMENT listeners[\"l\"].http.http2.max_control_frames: not 100 to 1000000: 99"}},
};

const Case kBackends[] = {
    {"BackendWithServers",
     R"(operations { upsert_backend { id: "b" servers { id: "s" address: "10.0.0.1:80" } } })",
     {"INVALID_ARGUMENT backends[\"b\"].servers: "
      "not empty: in operations, servers have upsert_server and remove_server"}},
    {"NothingChoosesTheProtocolInTheClear",
     R"(operations { upsert_backend { id: "b" protocol: AUTO http2 { stream_window: 1 } } })",
     {"INVALID_ARGUMENT backends[\"b\"].http2.stream_window: not 65535 to 16777216: 1",
      "INVALID_ARGUMENT backends[\"b\"].protocol: AUTO without tls: in the clear there is no ALPN to choose by; want "
      "HTTP1 or HTTP2"}},
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

INSTANTIATE_TEST_SUITE_P(Transactions, Refused, testing::ValuesIn(kTransactions), NameOf);
INSTANTIATE_TEST_SUITE_P(Listeners, Refused, testing::ValuesIn(kListeners), NameOf);
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
          "unknown value -1; known are ROUND_ROBIN, LEAST_REQUEST, RANDOM, RING_HASH, MAGLEV",
          "INVALID_ARGUMENT backends[\"b\"].protocol: unknown value 7; known are HTTP1, HTTP2, AUTO",
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
