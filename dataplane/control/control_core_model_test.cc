// Random transactions and reports, against a naive model.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "api/fingerprint/fingerprint.h"
#include "dataplane/base/absl_strings.h"
#include "dataplane/control/change_set.h"
#include "dataplane/control/fake_workers.h"
#include "dataplane/control/naive_model.h"
#include "dataplane/control/random_transactions.h"
#include "dataplane/control/state_reporter.h"
#include "dataplane/control/subscribers.h"

namespace fairlead::control {
namespace {

// What a watcher has, who hears of changes alone.
class Mirror {
 public:
  void Take(const v1::StateReport& report) {
    for (const v1::RemovedResource& removed : report.removed()) {
      const ServerName name(removed.backend(), removed.id());
      switch (removed.kind()) {
        case v1::RemovedResource::LISTENER:
          EXPECT_EQ(config.listeners.erase(removed.id()), 1u);
          break;
        case v1::RemovedResource::ROUTE_TABLE:
          EXPECT_EQ(config.route_tables.erase(removed.id()), 1u);
          break;
        case v1::RemovedResource::BACKEND:
          EXPECT_EQ(config.backends.erase(removed.id()), 1u);
          break;
        case v1::RemovedResource::SERVER:
          EXPECT_EQ(config.servers.erase(name), 1u);
          EXPECT_EQ(status.erase(name), 1u);
          break;
        case v1::RemovedResource::REPORTER:
          EXPECT_EQ(config.reporters.erase(removed.id()), 1u);
          break;
        case v1::RemovedResource::SCOPE:
          EXPECT_EQ(config.scopes.erase(removed.id()), 1u);
          break;
        case v1::RemovedResource::HEALTH:
          EXPECT_EQ(config.health.erase(name), 1u);
          break;
        default:
          ADD_FAILURE() << removed.DebugString();
      }
    }
    config.Add(report.config());
    for (const v1::ServerStatus& server : report.servers()) status[{server.backend(), server.server()}] = Shown(server);
  }

  // Without what changes by itself.
  static std::string Shown(v1::ServerStatus status) {
    status.clear_since_ms();
    status.clear_expires_in_ms();
    status.clear_decided_by();
    status.clear_reason();
    return status.ShortDebugString();
  }

  NaiveModel config;
  std::map<ServerName, std::string> status;
};

class ControlCoreModel : public testing::TestWithParam<unsigned> {};

TEST_P(ControlCoreModel, AgreesAfterEveryTransaction) {
  RandomTransactions generate(GetParam());
  TestCore test;
  NaiveModel model;
  Mirror mirror;
  ChangeSet changes;
  std::shared_ptr<const config::Snapshot> seen = test.core.snapshot();
  const Subscribers::Subscription subscription(&test.core.subscribers(),
                                               [&](const Changes& change) { changes.Add(change); });
  const ReportFilter everything((v1::StateFilter()));
  int applied = 0;
  for (int step = 0; step < 1'000; ++step) {
    SCOPED_TRACE(base::StrCat("step ", step));
    if (generate.Below(3) == 0) {
      // Refused where there is no such server.
      test.Report(generate.BackendId(), generate.ServerId(), static_cast<config::Health>(generate.Below(4)))
          .IgnoreError();
      test.Advance(generate.Below(10));
    }
    const uint64_t revision = test.core.revision();
    const v1::Transaction transaction = generate.Next(model);
    const v1::FromProxy answer = test.Do(transaction);
    const std::optional<NaiveModel> next = model.After(transaction);
    ASSERT_EQ(answer.has_applied(), next.has_value()) << transaction.DebugString() << answer.DebugString();
    if (next) {
      ++applied;
      const auto before = model.Resources();
      const auto after = next->Resources();
      uint32_t added = 0, changed = 0, removed = 0;
      for (const auto& [name, bytes] : after) {
        const auto old = before.find(name);
        if (old == before.end()) ++added;
        if (old != before.end() && old->second != bytes) ++changed;
      }
      for (const auto& [name, bytes] : before) removed += !after.contains(name);
      EXPECT_EQ(answer.applied().added(), added);
      EXPECT_EQ(answer.applied().changed(), changed);
      EXPECT_EQ(answer.applied().removed(), removed);
      EXPECT_EQ(answer.applied().revision(), revision + (before == after ? 0 : 1));
      model = *next;
    } else {
      ASSERT_GT(answer.rejected().violations_size(), 0);
      EXPECT_EQ(test.core.revision(), revision);
    }
    const v1::StateReport report = test.core.reporter().ReportAll(everything);
    ASSERT_EQ(NaiveModel::Of(report.config()).Resources(), model.Resources());
    ASSERT_EQ(test.core.fingerprint(), api::OfSnapshot(report.config()).ToHex());

    if (generate.Below(4) == 0) {
      test.Advance(10);  // health that waits
      mirror.Take(test.core.reporter().ReportChanges(*seen, std::exchange(changes, ChangeSet()), everything));
      seen = test.core.snapshot();
      ASSERT_EQ(mirror.config.Resources(), model.Resources());
      std::map<ServerName, std::string> status;
      const v1::StateReport all = test.core.reporter().ReportAll(everything);
      for (const auto& server : all.servers()) {
        status[{server.backend(), server.server()}] = Mirror::Shown(server);
      }
      ASSERT_EQ(mirror.status, status);
    }
    if (HasFailure()) return;
  }
  EXPECT_GT(applied, 200);
}

INSTANTIATE_TEST_SUITE_P(Seeds, ControlCoreModel, testing::Range(0u, 8u));

}  // namespace
}  // namespace fairlead::control
