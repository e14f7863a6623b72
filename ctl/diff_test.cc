#include <gtest/gtest.h>

#include "ctl/run_for_test.h"

namespace fairlead::ctl {
namespace {

constexpr std::string_view kServed = R"(
listeners: [{id: l, address: "127.0.0.1:80", http: {route_table: main, idle_timeout: 5s}}]
backends:
  - {id: web, servers: [{id: w1, address: "10.0.0.1:80", weight: 50}, {id: w2, address: "10.0.0.2:80"}]}
  - {id: api}
certificates: [{id: c, chain: {inline_string: mine}}]
health: [{backend: web, server: w1, status: UP}]
)";

Outcome DiffWith(std::string_view file) {
  FakeProxy proxy;
  proxy.SetState(StateForTest(kServed));
  return RunForTest(proxy, {"diff", "-f", "-"}, std::string(file));
}

TEST(DiffCommand, OfTheSameEndsWithZero) {
  const Outcome outcome = DiffWith(kServed);
  EXPECT_EQ(outcome.code, ExitCode::kDone) << outcome.err;
  EXPECT_EQ(outcome.out, "");
}

TEST(DiffCommand, KeysWhichTheProxyNeverTellsAreNoDifference) {
  FakeProxy proxy;
  proxy.SetState(StateForTest("certificates: [{id: c, chain: {inline_string: mine}}]"));
  const Outcome outcome =
      RunForTest(proxy, {"diff", "-f", "-"},
                 "certificates: [{id: c, chain: {inline_string: mine}, key: {inline_string: secret}}]");
  EXPECT_EQ(outcome.code, ExitCode::kDone) << outcome.err;
  EXPECT_EQ(outcome.out, "");
}

TEST(DiffCommand, ShowsWhatIsAddedChangedAndRemovedFieldByField) {
  const Outcome outcome = DiffWith(R"(
listeners: [{id: l, address: "127.0.0.1:81", http: {route_table: main, idle_timeout: 6s}}]
backends:
  - id: web
    load_balancing: {policy: RANDOM}
    servers: [{id: w1, address: "10.0.0.1:80", weight: 80, labels: {a: b}}, {id: w3, address: "10.0.0.3:80"}]
certificates: [{id: c, chain: {inline_string: another}, key: {inline_string: secret}}]
)");
  EXPECT_EQ(outcome.code, ExitCode::kRejected) << outcome.err;
  EXPECT_EQ(outcome.out,
            "~ listener l\n"
            "    address: \"127.0.0.1:80\" -> \"127.0.0.1:81\"\n"
            "    http.idle_timeout.seconds: 5 -> 6\n"
            "~ certificate c\n"
            "~ backend web\n"
            "    added: load_balancing: { policy: RANDOM }\n"
            "~ server web/w1\n"
            "    weight: 50 -> 80\n"
            "    added: labels[a]: \"b\"\n"
            "+ server web/w3 {address: \"10.0.0.3:80\"}\n"
            "- server web/w2\n"
            "- backend api\n"
            "- health of web/w1\n");
}

TEST(DiffCommand, AsYamlIsATransactionThatApplyTakes) {
  FakeProxy proxy;
  proxy.SetState(StateForTest(kServed));
  const Outcome diff = RunForTest(proxy, {"diff", "-f", "-", "-o", "yaml"}, "backends: [{id: web}]");
  EXPECT_EQ(diff.code, ExitCode::kRejected) << diff.err;
  const Outcome apply = RunForTest(proxy, {"apply", "-f", "-"}, diff.out);
  EXPECT_EQ(apply.code, ExitCode::kDone) << apply.err;
  const Outcome again = RunForTest(proxy, {"diff", "-f", "-"}, "backends: [{id: web}]");
  EXPECT_EQ(again.code, ExitCode::kDone) << again.out;
}

TEST(DiffCommand, EndsWithTwoForABadFile) {
  EXPECT_EQ(DiffWith("backend: []").code, ExitCode::kUsage);
  EXPECT_EQ(RunForTest({"diff", "--address=a:1"}).err, "diff needs -f FILE, or two revisions\n");
}

TEST(DiffCommand, RefusesATransaction) {
  const Outcome outcome = DiffWith("operations: []\n");
  EXPECT_EQ(outcome.code, ExitCode::kUsage);
  EXPECT_EQ(outcome.err, "diff compares resources; this file is a transaction of operations\n");
}

}  // namespace
}  // namespace fairlead::ctl
