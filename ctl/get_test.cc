#include <gtest/gtest.h>

#include "ctl/run_for_test.h"

namespace fairlead::ctl {
namespace {

constexpr std::string_view kState = R"(
listeners:
  - {id: web, address: "127.0.0.1:80", http: {route_table: main}}
  - {id: db, address: "127.0.0.1:5432", tcp: {backend: database}}
  - {id: secure, address: "127.0.0.1:443", tls: {}, http: {route_table: main}}
route_tables:
  - id: main
    virtual_hosts:
      - id: all
        domains: ["*", example.org]
        rules:
          - {id: api, match: {path_prefix: /api/}, backends: [{backend: v1, weight: 90}, {backend: v2}]}
          - {id: exact, match: {path: /x}, backends: [{backend: web}]}
          - {id: posts, match: {path: /p, methods: [GET]}, redirect: {path: /new}}
          - {id: rest, respond: {status: 503}}
      - {id: none, domains: [a.example]}
  - {id: empty}
backends:
  - id: web
    load_balancing: {policy: LEAST_REQUEST}
    servers:
      - {id: w1, address: "10.0.0.1:80", weight: 100, labels: {zone: b, rack: "1"}}
      - {id: w2, address: "10.0.0.2:80", admin_state: DRAIN}
  - {id: api, servers: [{id: w1, address: "10.0.1.1:80", weight: 0}]}
health:
  - {backend: web, server: w2, status: DOWN, reason: "connection refused"}
certificates: [{id: site}]
trust_bundles: [{id: roots}]
ticket_keys: [{id: fleet, keys: [{}, {}]}]
reporters:
  - {id: a, identities: [{certificate_name: "spiffe://x/a"}, {unix_uid: 0}], backends: ["web", "shop-*"], failure_domain: rack1}
  - {id: b, identities: [{token_sha256: "00"}], backends: ["*"], weight: 3}
scopes:
  - {id: shop, identities: [{unix_uid: 5}], permissions: [{id_prefix: shop-}, {kind: WEIGHTS}]}
  - {id: rest, everyone_else: true}
)";

std::string Get(std::vector<std::string> words) {
  FakeProxy proxy;
  proxy.SetState(StateForTest(kState));
  words.insert(words.begin(), "get");
  const Outcome outcome = RunForTest(proxy, words);
  EXPECT_EQ(outcome.code, ExitCode::kDone) << outcome.err;
  return outcome.out;
}

constexpr std::string_view kListeners =
    "LISTENER   ADDRESS          PROTOCOL   TARGET\n"
    "web        127.0.0.1:80     http       main\n"
    "db         127.0.0.1:5432   tcp        database\n"
    "secure     127.0.0.1:443    https      main\n";

TEST(Get, Listeners) { EXPECT_EQ(Get({"listeners"}), kListeners); }

TEST(Get, RouteTables) {
  EXPECT_EQ(Get({"route_tables"}),
            "ROUTE_TABLE   VIRTUAL_HOST   DOMAINS         RULE    MATCH                        TARGET\n"
            "main          all            * example.org   api     /api/*                       v1:90 v2:1\n"
            "main          all            * example.org   exact   /x                           web\n"
            "main          all            * example.org   posts   {path: /p, methods: [GET]}   redirect /new\n"
            "main          all            * example.org   rest    any                          respond 503\n"
            "main          none           a.example       -       -                            -\n"
            "empty         -              -               -       -                            -\n");
}

TEST(Get, Backends) {
  EXPECT_EQ(Get({"backends"}),
            "BACKEND   SERVERS   READY   POLICY          PROTOCOL\n"
            "web             2       1   LEAST_REQUEST   HTTP1\n"
            "api             1       1   ROUND_ROBIN     HTTP1\n");
}

TEST(Get, Servers) {
  EXPECT_EQ(Get({"servers"}),
            "SERVER   ADDRESS       WEIGHT   ADMIN_STATE   LABELS\n"
            "web/w1   10.0.0.1:80      100   READY         rack=1,zone=b\n"
            "web/w2   10.0.0.2:80        1   DRAIN         -\n"
            "api/w1   10.0.1.1:80        0   READY         -\n");
}

TEST(Get, Health) {
  EXPECT_EQ(Get({"health"}),
            "SERVER   STATUS   REASON\n"
            "web/w2   DOWN     connection refused\n");
}

TEST(Get, WhatTlsNeedsByName) {
  EXPECT_EQ(Get({"certificates"}), "CERTIFICATE   NAMES   KEY   EXPIRES\nsite          -       -     -\n");
  EXPECT_EQ(Get({"trust_bundles"}), "TRUST_BUNDLE\nroots\n");
  EXPECT_EQ(Get({"ticket_keys"}),
            "TICKET_KEYS   KEY   NOT_BEFORE   MAKES_TICKETS\nfleet         -     -            -\n");
}

TEST(Get, WhoMaySayAndDoWhat) {
  EXPECT_EQ(Get({"reporters"}),
            "REPORTER   IDENTITIES            DOMAIN   WEIGHT   BACKENDS\n"
            "a          spiffe://x/a, uid 0   rack1         1   web,shop-*\n"
            "b          a token               b             3   *\n");
  EXPECT_EQ(Get({"scopes"}),
            "SCOPE   IDENTITIES      MAY_CHANGE\n"
            "shop    uid 5           ALL shop-*, WEIGHTS *\n"
            "rest    everyone else   nothing\n");
}

TEST(Get, OneById) {
  EXPECT_EQ(Get({"listeners", "web"}),
            "LISTENER   ADDRESS        PROTOCOL   TARGET\nweb        127.0.0.1:80   http       main\n");
  EXPECT_EQ(Get({"servers", "api"}),
            "SERVER   ADDRESS       WEIGHT   ADMIN_STATE   LABELS\n"
            "api/w1   10.0.1.1:80        0   READY         -\n");
  EXPECT_EQ(Get({"servers", "web/w2"}),
            "SERVER   ADDRESS       WEIGHT   ADMIN_STATE   LABELS\n"
            "web/w2   10.0.0.2:80        1   DRAIN         -\n");
}

TEST(Get, EverythingInTablesOneAfterTheOther) {
  const std::string all = Get({});
  EXPECT_TRUE(all.starts_with(std::string(kListeners) + "\nROUTE_TABLE ")) << all;
  EXPECT_NE(
      all.find("\n\nTRUST_BUNDLE\nroots\n\nTICKET_KEYS   KEY   NOT_BEFORE   MAKES_TICKETS\nfleet         -     -  "
               "          -\n\nREPORTER "),
      std::string::npos)
      << all;
}

TEST(Get, YamlIsReadBackByApply) {
  FakeProxy proxy;
  proxy.SetState(StateForTest(kState));
  const Outcome outcome = RunForTest(proxy, {"get", "-o", "yaml"});
  EXPECT_EQ(RunForTest(proxy, {"diff", "-f", "-"}, outcome.out).code, ExitCode::kDone);
}

TEST(Get, OneAsYamlAndJson) {
  EXPECT_EQ(Get({"servers", "api/w1", "-o", "yaml"}),
            "backends:\n  - id: api\n    servers:\n      - {id: w1, address: \"10.0.1.1:80\", weight: 0}\n");
  EXPECT_EQ(Get({"health", "web", "-o", "json"}),
            "{\n \"health\": [\n  {\n   \"backend\": \"web\",\n   \"server\": \"w2\",\n   \"status\": \"DOWN\",\n   "
            "\"reason\": "
            "\"connection refused\"\n  }\n ]\n}\n");
}

TEST(Get, OfNothingIsAHeaderOrNothing) {
  const FakeProxy proxy;
  EXPECT_EQ(RunForTest(proxy, {"get", "listeners"}).out, "LISTENER   ADDRESS   PROTOCOL   TARGET\n");
  const Outcome all = RunForTest(proxy, {"get"});
  EXPECT_EQ(all.code, ExitCode::kDone);
  EXPECT_EQ(all.out, "");
}

TEST(Get, WhatIsNotThereEndsWithOne) {
  const FakeProxy proxy;
  const Outcome outcome = RunForTest(proxy, {"get", "backends", "web"});
  EXPECT_EQ(outcome.code, ExitCode::kRejected);
  EXPECT_EQ(outcome.err, "no web among the backends\n");
}

TEST(Get, RefusesARevisionThatIsNone) {
  const FakeProxy proxy;
  const Outcome outcome = RunForTest(proxy, {"get", "servers", "--revision=last"});
  EXPECT_EQ(outcome.code, ExitCode::kUsage);
  EXPECT_EQ(outcome.err, "a revision is a whole number, not \"last\"\n");
}

TEST(Get, RefusesUnknownKinds) {
  const Outcome outcome = RunForTest({"get", "listener", "--address=a:1"});
  EXPECT_EQ(outcome.code, ExitCode::kUsage);
  EXPECT_EQ(outcome.err,
            "unknown kind \"listener\"; did you mean \"listeners\"? known: listeners, route_tables, backends, servers, "
            "health, certificates, trust_bundles, ticket_keys, reporters, scopes\n");
}

}  // namespace
}  // namespace fairlead::ctl
