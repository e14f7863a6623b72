#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ctl/run_for_test.h"

namespace fairlead::ctl {
namespace {

using ::testing::HasSubstr;

constexpr std::string_view kWeb = "backends: [{id: web, servers: [{id: w1, address: \"10.0.0.1:80\"}]}]\n";
constexpr std::string_view kApi = "backends: [{id: api}]\n";

TEST(Apply, ReplacesAllByWhatTheFileSays) {
  FakeProxy proxy;
  proxy.SetState(StateForTest(kApi));
  const Outcome outcome = RunForTest(proxy, {"apply", "-f", FileForTest("web.yaml", kWeb)});
  EXPECT_EQ(outcome.code, ExitCode::kDone) << outcome.err;
  EXPECT_EQ(outcome.out, "applied revision 2: 0 added, 3 changed, 0 removed, in 1.5 ms\n");
  ASSERT_EQ(proxy.state().backends_size(), 1);
  EXPECT_EQ(proxy.state().backends(0).servers(0).address(), "10.0.0.1:80");
}

TEST(Apply, ReadsStandardInput) {
  const FakeProxy proxy;
  EXPECT_EQ(RunForTest(proxy, {"apply", "-f", "-"}, std::string(kWeb)).code, ExitCode::kDone);
  EXPECT_EQ(proxy.state().backends(0).id(), "web");
}

TEST(Apply, JoinsSeveralFiles) {
  const FakeProxy proxy;
  const Outcome outcome = RunForTest(proxy, {"apply", "-f", FileForTest("a.yaml", kWeb), FileForTest("b.yaml", kApi)});
  EXPECT_EQ(outcome.code, ExitCode::kDone) << outcome.err;
  EXPECT_EQ(proxy.state().backends_size(), 2);
}

TEST(Apply, WithOperationsLeavesTheRestAlone) {
  FakeProxy proxy;
  proxy.SetState(StateForTest(kApi));
  const Outcome outcome = RunForTest(proxy, {"apply", "--operations", "-f", FileForTest("web.yaml", kWeb)});
  EXPECT_EQ(outcome.code, ExitCode::kDone) << outcome.err;
  EXPECT_EQ(proxy.state().backends_size(), 2);
  EXPECT_FALSE(proxy.transactions()[0].has_snapshot());
}

TEST(Apply, TakesATransactionAsItStands) {
  FakeProxy proxy;
  proxy.SetState(StateForTest(kWeb));
  const Outcome outcome =
      RunForTest(proxy, {"apply", "-f", "-"}, "id: t1\nbase_revision: 1\noperations: [{remove_backend: web}]\n");
  EXPECT_EQ(outcome.code, ExitCode::kDone) << outcome.err;
  EXPECT_EQ(proxy.transactions()[0].id(), "t1");
  EXPECT_EQ(proxy.transactions()[0].base_revision(), 1u);
  EXPECT_EQ(proxy.state().backends_size(), 0);
}

TEST(Apply, SaysWhoAndWhy) {
  const FakeProxy proxy;
  RunForTest(proxy, {"apply", "-f", "-", "--comment=new", "--dry_run"}, "{}");
  RunForTest(proxy, {"apply", "-f", "-", "--author=bob"}, "{}");
  const std::vector<v1::Transaction> transactions = proxy.transactions();
  ASSERT_EQ(transactions.size(), 2u);
  EXPECT_EQ(transactions[0].author(), "alice") << "$USER";
  EXPECT_EQ(transactions[0].comment(), "new");
  EXPECT_TRUE(transactions[0].dry_run());
  EXPECT_EQ(transactions[1].author(), "bob");
  EXPECT_THAT(transactions[0].id(), ::testing::MatchesRegex("fairleadctl-[0-9a-f]{32}"));
  EXPECT_NE(transactions[0].id(), transactions[1].id());
}

TEST(Apply, SaysWhatADryRunWouldDo) {
  const FakeProxy proxy;
  const Outcome outcome = RunForTest(proxy, {"apply", "-f", "-", "--dry_run"}, std::string(kApi));
  EXPECT_EQ(outcome.out, "would make revision 1: 0 added, 1 changed, 0 removed\n");
  EXPECT_EQ(proxy.state().backends_size(), 0);
}

TEST(Apply, SaysThatThereIsNothingToChange) {
  FakeProxy proxy;
  proxy.SetState(StateForTest(kApi));
  EXPECT_EQ(RunForTest(proxy, {"apply", "-f", "-"}, std::string(kApi)).out, "nothing to change at revision 1\n");
}

TEST(Apply, PrintsTheAnswerForPrograms) {
  const FakeProxy proxy;
  const Outcome json = RunForTest(proxy, {"apply", "-f", "-", "-o", "json"}, std::string(kApi));
  EXPECT_THAT(json.out, HasSubstr("\"revision\": \"1\""));
  EXPECT_THAT(json.out, HasSubstr("\"removed\": 0"));
  const Outcome yaml = RunForTest(proxy, {"apply", "-f", "-", "-o", "yaml"}, std::string(kWeb));
  EXPECT_THAT(yaml.out, HasSubstr("\nrevision: 2\n"));
  EXPECT_THAT(yaml.out, HasSubstr("\ndry_run: false\n"));
}

FakeProxy::Behaviour TwoViolations() {
  FakeProxy::Behaviour behaviour;
  v1::Violation violation;
  violation.set_code(v1::Violation::INVALID_ARGUMENT);
  violation.set_path("backends[\"web\"].servers[\"w2\"].address");
  violation.set_message("not an IP:port: \"10.0.0.300:80\"");
  behaviour.violations.push_back(violation);
  violation.set_path("");
  violation.set_message("no listener\x1b");
  behaviour.violations.push_back(violation);
  return behaviour;
}

TEST(Apply, PrintsEveryViolationOfARejection) {
  const FakeProxy proxy(TwoViolations());
  const Outcome outcome = RunForTest(proxy, {"apply", "-f", "-"}, std::string(kWeb));
  EXPECT_EQ(outcome.code, ExitCode::kRejected);
  EXPECT_EQ(outcome.err,
            "backends[\"web\"].servers[\"w2\"].address: not an IP:port: \"10.0.0.300:80\"\n"
            "no listener\\x1b\n"
            "rejected; still serving revision 0\n");
  EXPECT_EQ(outcome.out, "");
}

TEST(Apply, PrintsARejectionForProgramsToo) {
  const FakeProxy proxy(TwoViolations());
  const Outcome outcome = RunForTest(proxy, {"apply", "-f", "-", "-o", "json"}, std::string(kWeb));
  EXPECT_EQ(outcome.code, ExitCode::kRejected);
  EXPECT_THAT(outcome.out, HasSubstr("\"code\": \"INVALID_ARGUMENT\""));
}

TEST(Apply, RefusesABadFileWithAllItsProblems) {
  const FakeProxy proxy;
  const std::string path = FileForTest("bad.yaml", "backends:\n  - {id: web, polic: x}\n  - {id: 1, id: 2}\n");
  const Outcome outcome = RunForTest(proxy, {"apply", "-f", path});
  EXPECT_EQ(outcome.code, ExitCode::kUsage);
  EXPECT_THAT(outcome.err, HasSubstr(path + ":2: backends[0].polic: unknown field;"));
  EXPECT_THAT(outcome.err, HasSubstr(path + ":3: backends[1].id: repeated key, first in line 3\n"));
  EXPECT_TRUE(proxy.transactions().empty());
}

TEST(Apply, RefusesFilesThatAreNotThere) {
  const Outcome outcome = RunForTest({"apply", "--address=a:1", "-f", "/nowhere.yaml", "-f", "/"});
  EXPECT_EQ(outcome.code, ExitCode::kUsage);
  EXPECT_EQ(outcome.err, "/nowhere.yaml: No such file or directory\n/: is a directory\n");
  EXPECT_EQ(RunForTest({"apply", "--address=a:1"}).err, "apply needs -f FILE\n");
}

TEST(Apply, RefusesAFileThatSaysNothing) {
  const Outcome outcome = RunForTest({"apply", "--address=a:1", "-f", "-"}, "# nothing\n");
  EXPECT_EQ(outcome.code, ExitCode::kUsage);
  EXPECT_EQ(outcome.err, "stdin: says nothing; a file that removes everything says {}\n");
}

TEST(Apply, AnEmptySnapshotRemovesEverything) {
  FakeProxy proxy;
  proxy.SetState(StateForTest(kWeb));
  EXPECT_EQ(RunForTest(proxy, {"apply", "-f", "-"}, "{}").code, ExitCode::kDone);
  EXPECT_EQ(proxy.state().backends_size(), 0);
}

TEST(Apply, RefusesWhatDoesNotGoTogether) {
  const std::string transaction = FileForTest("t.yaml", "operations: [{remove_backend: web}]\n");
  EXPECT_EQ(RunForTest({"apply", "--address=a:1", "-f", transaction, "-f", FileForTest("web.yaml", kWeb)}).err,
            transaction + ": a transaction can't be joined with other files\n");
  EXPECT_EQ(RunForTest({"apply", "--address=a:1", "--operations", "-f", transaction}).err,
            "--operations is for files of resources; this one is a transaction of operations already\n");
  EXPECT_EQ(
      RunForTest({"apply", "--address=a:1", "--operations", "--replace", "-f", FileForTest("web.yaml", kWeb)}).err,
      "either --replace or --operations\n");
}

TEST(Apply, ReadsTheFilesThatAFileNamesBesideIt) {
  const FakeProxy proxy;
  FileForTest("site.crt", "PEM\n");
  const std::string path = FileForTest("tls.yaml", "trust_bundles: [{id: t, roots: {file: site.crt}}]\n");
  const Outcome outcome = RunForTest(proxy, {"apply", "-f", path});
  EXPECT_EQ(outcome.code, ExitCode::kDone) << outcome.err;
  EXPECT_EQ(proxy.state().trust_bundles(0).roots().inline_string(), "PEM\n");
}

}  // namespace
}  // namespace fairlead::ctl
