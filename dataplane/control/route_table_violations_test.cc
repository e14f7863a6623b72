#include <gtest/gtest.h>

#include "dataplane/control/violation_case.h"

namespace fairlead::control {
namespace {

using Case = ViolationCase;

class RouteTableRefused : public testing::TestWithParam<Case> {};

TEST_P(RouteTableRefused, WithEveryReasonAndNothingChanged) { ExpectRefused(GetParam()); }

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

INSTANTIATE_TEST_SUITE_P(RouteTables, RouteTableRefused, testing::ValuesIn(kRouteTables), NameOf);

}  // namespace
}  // namespace fairlead::control
