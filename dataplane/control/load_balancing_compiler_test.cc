#include "dataplane/control/load_balancing_compiler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "dataplane/base/absl_strings.h"
#include "dataplane/control/test_support.h"
#include "dataplane/control/violation_case.h"

namespace fairlead::control {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Case = ViolationCase;
using Part = config::HashKey::Part;

class Refused : public testing::TestWithParam<Case> {};

TEST_P(Refused, WithEveryReasonAndNothingChanged) { ExpectRefused(GetParam()); }

const Case kCases[] = {
    {"NoKeys",
     R"(operations { upsert_backend { id: "a" load_balancing { policy: RING_HASH } } }
        operations { upsert_backend { id: "b" load_balancing { policy: MAGLEV } } })",
     {"INVALID_ARGUMENT backends[\"a\"].load_balancing.hash: none; want what requests are balanced by",
      "INVALID_ARGUMENT backends[\"b\"].load_balancing.hash: none; want what requests are balanced by"}},
    {"FieldsOfOtherPolicies",
     R"(operations { upsert_backend { id: "a" load_balancing {
          hash { path: true } ring_points: 5 table_size: 1021 } } }
        operations { upsert_backend { id: "b" load_balancing { policy: MAGLEV hash { path: true } ring_points: 5 } } }
        operations { upsert_backend { id: "c" load_balancing {
          policy: RING_HASH hash { path: true } table_size: 1021 } } })",
     {"INVALID_ARGUMENT backends[\"a\"].load_balancing.hash: with policies RING_HASH and MAGLEV alone",
      "INVALID_ARGUMENT backends[\"a\"].load_balancing.ring_points: with policy RING_HASH alone",
      "INVALID_ARGUMENT backends[\"a\"].load_balancing.table_size: with policy MAGLEV alone",
      "INVALID_ARGUMENT backends[\"b\"].load_balancing.ring_points: with policy RING_HASH alone",
      "INVALID_ARGUMENT backends[\"c\"].load_balancing.table_size: with policy MAGLEV alone"}},
    {"Sizes",
     R"(operations { upsert_backend { id: "a" load_balancing { policy: RING_HASH hash { path: true } ring_points: 1001 } } }
        operations { upsert_backend { id: "b" load_balancing { policy: MAGLEV hash { path: true } table_size: 241 } } }
        operations { upsert_backend { id: "c" load_balancing { policy: MAGLEV hash { path: true } table_size: 5000021 } } }
        operations { upsert_backend { id: "d" load_balancing { policy: MAGLEV hash { path: true } table_size: 1000 } } })",
     {"INVALID_ARGUMENT backends[\"a\"].load_balancing.ring_points: not 1 to 1000: 1001",
      "INVALID_ARGUMENT backends[\"b\"].load_balancing.table_size: not 251 to 5000011: 241",
      "INVALID_ARGUMENT backends[\"c\"].load_balancing.table_size: not 251 to 5000011: 5000021",
      "INVALID_ARGUMENT backends[\"d\"].load_balancing.table_size: not a prime: 1000"}},
    {"Keys",
     R"(operations { upsert_backend { id: "a" load_balancing { policy: RING_HASH
          hash {} hash { header: "a b" } hash { header: "" } hash { cookie: "a=b" } hash { query: "" }
          hash { path: false } hash { source_address: false } } } })",
     {"INVALID_ARGUMENT backends[\"a\"].load_balancing.hash[0]: "
      "none of header, cookie, query, path and source_address; want exactly one",
      "INVALID_ARGUMENT backends[\"a\"].load_balancing.hash[1].header: not a token (letters, digits and "
      "!#$%&'*+-.^_`|~): \"a b\"",
      "INVALID_ARGUMENT backends[\"a\"].load_balancing.hash[2].header: not a token (letters, digits and "
      "!#$%&'*+-.^_`|~): \"\"",
      "INVALID_ARGUMENT backends[\"a\"].load_balancing.hash[3].cookie: not a token (letters, digits and "
      "!#$%&'*+-.^_`|~): \"a=b\"",
      "INVALID_ARGUMENT backends[\"a\"].load_balancing.hash[4].query: missing; want the name of a parameter",
      "INVALID_ARGUMENT backends[\"a\"].load_balancing.hash[5].path: false; want true, or another key",
      "INVALID_ARGUMENT backends[\"a\"].load_balancing.hash[6].source_address: false; want true, or another key"}},
    {"KeysTwiceAndTooMany",
     R"(operations { upsert_backend { id: "a" load_balancing { policy: RING_HASH
          hash { header: "A" } hash { cookie: "A" } hash { cookie: "a" } hash { header: "a" } hash { query: "a" }
          hash { query: "b" } hash { query: "c" } hash { query: "d" } hash { query: "e" } } } })",
     {"INVALID_ARGUMENT backends[\"a\"].load_balancing.hash: more than 8: 9",
      "INVALID_ARGUMENT backends[\"a\"].load_balancing.hash[3]: named before"}},
    {"TcpListenersOfBackendsWithoutSourceAddress",
     R"(operations { upsert_backend { id: "a" load_balancing { policy: MAGLEV hash { path: true } } } }
        operations { upsert_backend { id: "b" load_balancing { policy: MAGLEV hash { path: true } hash { source_address: true } } } }
        operations { upsert_listener { id: "t" address: "127.0.0.1:0" tcp { backend: "a"
          sni_routes { server_names: "b.test" backend: "b" } sni_routes { server_names: "a.test" backend: "a" } } } })",
     {"INVALID_ARGUMENT listeners[\"t\"].tcp.backend: "
      "backend \"a\" is balanced by a hash without source_address, and TCP has nothing else",
      "INVALID_ARGUMENT listeners[\"t\"].tcp.sni_routes[1].backend: "
      "backend \"a\" is balanced by a hash without source_address, and TCP has nothing else"}},
};

INSTANTIATE_TEST_SUITE_P(LoadBalancing, Refused, testing::ValuesIn(kCases), NameOf);

TEST(LoadBalancingCompiler, LongNamesAreRefused) {
  CompiledState state(kSmallState);
  const std::string name(257, 'a');
  const std::string keys =
      base::StrCat("hash { header: \"", name, "\" } hash { cookie: \"", name, "\" } hash { query: \"", name, "\" }");
  EXPECT_THAT(state.Try(ParseTransaction(base::StrCat(
                  "operations { upsert_backend { id: \"a\" load_balancing { policy: MAGLEV ", keys, " } } }"))),
              ElementsAre("INVALID_ARGUMENT backends[\"a\"].load_balancing.hash[0].header: longer than 256 bytes: 257",
                          "INVALID_ARGUMENT backends[\"a\"].load_balancing.hash[1].cookie: longer than 256 bytes: 257",
                          "INVALID_ARGUMENT backends[\"a\"].load_balancing.hash[2].query: longer than 256 bytes: 257"));
}

TEST(LoadBalancingCompiler, KeysAndTablesAreWhatTheMessageSays) {
  CompiledState state(R"(backends { id: "ring" load_balancing { policy: RING_HASH ring_points: 7 panic_threshold: 0.5
      hash { header: "X-User" } hash { cookie: "Sid" } hash { query: "q" } hash { path: true } hash { source_address: true } } }
      backends { id: "maglev" load_balancing { policy: MAGLEV table_size: 1021 hash { path: true } } }
      backends { id: "default" load_balancing { policy: RING_HASH hash { path: true } } })");
  const config::BackendSettings& ring = *state.FindBackend("ring")->settings;
  EXPECT_EQ(ring.policy, config::LoadBalancingPolicy::kHash);
  EXPECT_EQ(ring.hash_table,
            (config::HashTableSettings{.kind = config::HashTableSettings::Kind::kRing, .ring_points = 7}));
  EXPECT_EQ(ring.panic_threshold, 0.5);
  EXPECT_THAT(ring.hash_keys, ElementsAre(config::HashKey{Part::kHeader, "x-user"},
                                          config::HashKey{Part::kCookie, "Sid"}, config::HashKey{Part::kQuery, "q"},
                                          config::HashKey{Part::kPath, ""}, config::HashKey{Part::kSourceAddress, ""}));
  EXPECT_EQ(state.FindBackend("maglev")->settings->hash_table,
            (config::HashTableSettings{.kind = config::HashTableSettings::Kind::kMaglev, .table_size = 1'021}));
  EXPECT_EQ(state.FindBackend("default")->settings->hash_table, config::HashTableSettings());
}

TEST(LoadBalancingCompiler, ATcpListenerThatStaysKeepsItsBackendFromHashingWhatItHasNot) {
  CompiledState state(R"(backends { id: "a" } listeners { id: "t" address: "127.0.0.1:0" tcp { backend: "a" } })");
  const auto put = [&](std::string_view keys, std::string_view more = "") {
    return state.Try(ParseTransaction(base::StrCat(
        "operations { upsert_backend { id: \"a\" load_balancing { policy: MAGLEV ", keys, " } } }", more)));
  };
  EXPECT_THAT(put("hash { path: true }"),
              ElementsAre("INVALID_ARGUMENT backends[\"a\"].load_balancing.hash: "
                          "no source_address, and listener \"t\" is for TCP, which has nothing else"));
  EXPECT_THAT(put("hash { path: true } hash { source_address: true }"), IsEmpty());
  EXPECT_THAT(put("hash { path: true }", R"(operations { remove_listener: "t" })"), IsEmpty());
}

TEST(LoadBalancingCompiler, ATableHasNoFewerEntriesThanServers) {
  std::string servers;
  for (int i = 0; i < 251; ++i) servers += base::StrCat("servers { id: \"s", i, "\" address: \"10.0.0.1:80\" } ");
  CompiledState state(base::StrCat(
      "backends { id: \"a\" load_balancing { policy: MAGLEV table_size: 251 hash { path: true } } ", servers, " }"));
  const std::string add =
      R"(operations { upsert_server { backend: "a" server { id: "more" address: "10.0.0.1:80" } } })";
  const std::string remove = R"(operations { remove_server { backend: "a" server: "s0" } })";
  EXPECT_THAT(state.Try(ParseTransaction(add)),
              ElementsAre("INVALID_ARGUMENT backends[\"a\"].load_balancing.table_size: "
                          "251 is fewer than the servers, which are 252"));
  EXPECT_THAT(state.Try(ParseTransaction(add + remove)), IsEmpty());
}

}  // namespace
}  // namespace fairlead::control
