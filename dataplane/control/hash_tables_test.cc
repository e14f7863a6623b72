#include "dataplane/control/hash_tables.h"

#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "dataplane/base/absl_strings.h"
#include "dataplane/control/fake_workers.h"
#include "dataplane/control/test_support.h"
#include "dataplane/load_balancing/hash_table.h"
#include "dataplane/load_balancing/stable_hash.h"

namespace fairlead::control {
namespace {

using load_balancing::HashTable;

constexpr std::string_view kRing = R"(
  id: "web" load_balancing { policy: RING_HASH hash { path: true } })";
constexpr std::string_view kMaglev = R"(
  id: "web" load_balancing { policy: MAGLEV table_size: 1021 hash { path: true } })";

// A core whose background does what it has to when the test says so.
class HashTablesTest : public testing::Test {
 protected:
  HashTablesTest() : core_(Options()) { timers_.Advance(1'000); }

  void Do(v1::Transaction transaction) {
    transaction.set_id(base::StrCat("t", ++transactions_));
    std::shared_ptr<const v1::FromProxy> answer;
    core_.SubmitTransaction(std::move(transaction), [&](std::shared_ptr<const v1::FromProxy> a) { answer = a; });
    ASSERT_TRUE(answer != nullptr);
    ASSERT_TRUE(answer->has_applied()) << answer->DebugString();
  }
  void Do(std::string_view operations) { Do(ParseTransaction(operations)); }
  // The backend "web" with servers s0 to s(count - 1).
  void Start(std::string_view backend, int count = 3) {
    std::string servers;
    for (int i = 0; i < count; ++i) servers += Server(base::StrCat("s", i));
    Do(SnapshotTransaction(base::StrCat("backends { ", backend, servers, " }")));
  }
  static std::string Server(std::string_view id, uint32_t weight = 1) {
    return base::StrCat(" servers { id: \"", id, "\" address: \"10.0.0.1:80\" weight: ", weight, " }");
  }
  void Put(std::string_view id, uint32_t weight = 1) {
    Do(base::StrCat("operations { upsert_server { backend: \"web\" server { id: \"", id,
                    "\" address: \"10.0.0.1:80\" weight: ", weight, " } } }"));
  }
  void Remove(std::string_view id) {
    Do(base::StrCat("operations { remove_server { backend: \"web\" server: \"", id, "\" } }"));
  }
  void Advance(uint64_t ms) { timers_.Advance(timers_.now_ms() + ms); }
  // Has the background do what it was given so far.
  int Work() {
    int done = 0;
    for (size_t count = jobs_.size(); count > 0; --count, ++done) {
      auto [work, then] = std::move(jobs_.front());
      jobs_.pop_front();
      work();
      then();
    }
    return done;
  }
  // Work, and what follows of it, to its end.
  void Settle() {
    constexpr uint64_t kLong = 60'000;  // for a table that took as much of a core as it may
    do {
      Advance(kLong);
    } while (Work() > 0);
    Advance(kLong);
  }

  const FakeWorkers::Published& last() const { return workers_.published().back(); }
  const config::Backend& web() const { return *last().snapshot->backends[0]; }
  // The same as one that is made of the servers that there are.
  bool table_is_exact() const {
    const config::Backend& backend = web();
    if (backend.hash_table == nullptr) return false;
    std::vector<HashTable::Change> servers;
    backend.servers.ForEach([&](config::ServerSlot slot, const config::ServerPtr& server) {
      if (server != nullptr) servers.push_back({slot, {load_balancing::ServerIdentity(server->id), server->weight}});
    });
    const auto fresh = HashTable::Build(backend.settings->hash_table, nullptr, servers);
    return backend.hash_table->ring().points() == fresh->ring().points() &&
           backend.hash_table->maglev().entries() == fresh->maglev().entries();
  }
  size_t publications() const { return workers_.published().size(); }
  HashTables::Totals totals() const { return core_.hash_table_totals(); }

  event::TimerWheel timers_;
  FakeWorkers workers_;
  std::deque<std::pair<absl::AnyInvocable<void()>, absl::AnyInvocable<void()>>> jobs_;
  ControlCore core_;
  int transactions_ = 0;

 private:
  ControlCore::Options Options() {
    ControlCore::Options options = workers_.Options(&timers_);
    options.background = [this](absl::AnyInvocable<void()> work, absl::AnyInvocable<void()> done) {
      jobs_.emplace_back(std::move(work), std::move(done));
    };
    return options;
  }
};

TEST_F(HashTablesTest, TheFirstTableComesWithItsBackend) {
  Start(kRing);
  EXPECT_EQ(publications(), 1u);
  EXPECT_TRUE(table_is_exact());
  EXPECT_TRUE(jobs_.empty());
  EXPECT_EQ(totals().built, 1u);
  EXPECT_EQ(totals().swaps, 0u);
}

TEST_F(HashTablesTest, OtherPoliciesHaveNone) {
  Start(R"(id: "web")");
  EXPECT_EQ(web().hash_table, nullptr);
  Do(base::StrCat("operations { upsert_backend { ", kRing, " } }"));
  EXPECT_TRUE(table_is_exact());
  EXPECT_EQ(last().changes.backends, std::vector<config::BackendSlot>{0}) << "named once";
  Do(R"(operations { upsert_backend { id: "web" load_balancing { policy: RANDOM } } })");
  EXPECT_EQ(web().hash_table, nullptr);
  Put("s9");
  Settle();
  EXPECT_EQ(web().hash_table, nullptr);
}

TEST_F(HashTablesTest, AServerThatComesIsInTheNextTable) {
  Start(kRing);
  const HashTable* const first = web().hash_table.get();
  const uint64_t revision = last().snapshot->revision;
  Put("new");
  EXPECT_EQ(web().hash_table.get(), first) << "published at once, without waiting";
  EXPECT_EQ(Work(), 1);
  Advance(1);
  EXPECT_EQ(publications(), 3u);
  EXPECT_TRUE(table_is_exact());
  EXPECT_EQ(last().changes.backends, std::vector<config::BackendSlot>{0});
  EXPECT_TRUE(last().changes.servers.empty());
  EXPECT_EQ(last().snapshot->revision, revision + 1) << "of the transaction: a table is no revision";
}

TEST_F(HashTablesTest, SwapsComeTenTimesASecondHoweverManyTheChanges) {
  Start(kMaglev);
  const uint64_t swaps_before = totals().swaps;
  for (int i = 0; i < 1'000; ++i) {
    Put("flips", 1 + i % 2);
    Work();
    Advance(1);
  }
  EXPECT_GE(totals().swaps - swaps_before, 9u);
  EXPECT_LE(totals().swaps - swaps_before, 11u);
  Settle();
  EXPECT_TRUE(table_is_exact());
}

TEST_F(HashTablesTest, HealthAndOperatorsWordsMakeNoTable) {
  Start(kRing);
  const HashTable* const first = web().hash_table.get();
  Do(R"(operations { set_health { backend: "web" server: "s0" status: DOWN } })");
  Do(R"(operations { upsert_server { backend: "web"
          server { id: "s1" address: "10.0.0.7:80" weight: 1 admin_state: MAINT max_requests: 3 } } })");
  Advance(1'000);
  EXPECT_TRUE(jobs_.empty());
  EXPECT_EQ(web().hash_table.get(), first);
  EXPECT_EQ(totals().built, 1u);
}

TEST_F(HashTablesTest, ChangesWhileATableIsMadeAreInTheNextOne) {
  Start(kRing);
  Put("a");
  ASSERT_EQ(jobs_.size(), 1u);
  Put("b");
  Remove("a");
  Put("s0", 5);
  Put("s1", 0);
  ASSERT_EQ(jobs_.size(), 1u) << "one after another";
  Work();
  Advance(1);
  EXPECT_FALSE(table_is_exact());
  Settle();
  EXPECT_TRUE(table_is_exact());
}

TEST_F(HashTablesTest, WhatChangesAndChangesBackWhileATableIsMadeStays) {
  Start(kRing);
  Put("s0", 5);
  Put("s0", 1);  // as in the table that is in force
  Settle();
  EXPECT_TRUE(table_is_exact());
}

TEST_F(HashTablesTest, ATransactionTakesATableThatIsReadyAlong) {
  Start(kRing);
  Put("a");
  Work();
  Put("b");  // before the timer's tick
  EXPECT_EQ(publications(), 3u);
  EXPECT_EQ(web().hash_table->servers(), 4u);
  Advance(1);
  EXPECT_EQ(publications(), 3u);
}

TEST_F(HashTablesTest, OtherSettingsMakeAnotherTableAtOnce) {
  Start(kRing);
  Do(base::StrCat("operations { upsert_backend { ", kMaglev, " } }"));
  EXPECT_TRUE(table_is_exact());
  EXPECT_EQ(web().hash_table->maglev().size(), 1'021u);
  Do(R"(operations { upsert_backend { id: "web" load_balancing { policy: RING_HASH ring_points: 7 hash { path: true } } } })");
  EXPECT_TRUE(table_is_exact());
  EXPECT_EQ(web().hash_table->ring().size(), 21u);
  // Other keys, the same table.
  Do(R"(operations { upsert_backend { id: "web" load_balancing { policy: RING_HASH ring_points: 7 hash { cookie: "a" } } } })");
  EXPECT_EQ(totals().built, 3u);
}

TEST_F(HashTablesTest, SettingsThatChangeWhileATableIsMadeWin) {
  Start(kRing);
  Put("a");
  ASSERT_EQ(jobs_.size(), 1u);
  Do(base::StrCat("operations { upsert_backend { ", kMaglev, " } }"));
  EXPECT_TRUE(table_is_exact());
  Settle();
  EXPECT_TRUE(table_is_exact());
  Put("b");
  Settle();
  EXPECT_TRUE(table_is_exact());
}

TEST_F(HashTablesTest, WhatTakesTooLongAtFirstIsMadeInTheBackground) {
  Start(R"(id: "web" load_balancing { policy: MAGLEV table_size: 5000011 hash { path: true } })");
  EXPECT_EQ(web().hash_table, nullptr);
  ASSERT_EQ(jobs_.size(), 1u);
  Put("a");
  Settle();
  ASSERT_NE(web().hash_table, nullptr);
  EXPECT_EQ(web().hash_table->servers(), 4u);
}

TEST_F(HashTablesTest, ABackendThatGoesTakesItsTableAlong) {
  Start(kRing);
  Put("a");
  Do(R"(operations { remove_backend: "web" })");
  Settle();
  EXPECT_EQ(last().snapshot->backends[0], nullptr);
  // Another in its slot.
  Do(R"(operations { upsert_backend { id: "other" load_balancing { policy: RING_HASH hash { path: true } } } }
        operations { upsert_server { backend: "other" server { id: "o" address: "10.0.0.1:80" } } })");
  EXPECT_TRUE(table_is_exact());
  EXPECT_EQ(web().hash_table->servers(), 1u);
}

TEST_F(HashTablesTest, ABackendThatComesBackWhileItsTableIsMadeHasItsOwn) {
  Start(kRing);
  Put("a");
  ASSERT_EQ(jobs_.size(), 1u);
  Do(R"(operations { remove_backend: "web" })");
  Do(base::StrCat("operations { upsert_backend { ", kRing, " } }"));
  Put("x");
  Settle();
  EXPECT_TRUE(table_is_exact());
  EXPECT_EQ(web().hash_table->servers(), 1u);
}

TEST_F(HashTablesTest, APreparedTransactionBringsNoTableOfThePast) {
  Start(kRing);
  Put("a");
  v1::Prepare prepare;
  *prepare.mutable_transaction() =
      ParseTransaction(R"(operations { upsert_server { backend: "web" server { id: "b" address: "10.0.0.1:80" } } })");
  prepare.mutable_transaction()->set_id("held");
  core_.Prepare(std::move(prepare), [](const auto& answer) { EXPECT_TRUE(answer->has_prepared()); });
  Work();
  Advance(1);
  ASSERT_EQ(web().hash_table->servers(), 4u);
  v1::Commit commit;
  commit.set_transaction_id("held");
  core_.Commit(commit, [](const auto& answer) { EXPECT_TRUE(answer->has_applied()); });
  Advance(1'000);
  ASSERT_EQ(web().servers.size(), 5u);
  EXPECT_EQ(web().hash_table->servers(), 4u);
  Settle();
  EXPECT_TRUE(table_is_exact());
}

TEST_F(HashTablesTest, ManyBackendsHaveTheirTablesOneAfterAnother) {
  std::string snapshot;
  for (int i = 0; i < 60; ++i) {
    snapshot += base::StrCat("backends { id: \"b", i, "\" load_balancing { policy: MAGLEV hash { path: true } }",
                             Server("s"), " }");
  }
  Do(SnapshotTransaction(snapshot));
  const auto without = [&] {
    int count = 0;
    last().snapshot->backends.ForEach([&](size_t, const auto& backend) { count += backend->hash_table == nullptr; });
    return count;
  };
  EXPECT_GT(without(), 5) << "100 ms make no more than some";
  EXPECT_LT(without(), 40);
  while (without() > 0) {
    ASSERT_FALSE(jobs_.empty());
    Settle();
  }
}

TEST_F(HashTablesTest, RandomChangesEndInTheTableOfWhatThereIs) {
  Start(kRing);
  uint64_t seed = 1;
  const auto draw = [&](uint64_t bound) { return load_balancing::Reduce(load_balancing::Derive(7, ++seed), bound); };
  for (int step = 0; step < 500; ++step) {
    const std::string id = base::StrCat("r", draw(10));
    const bool exists = [&] {
      bool found = false;
      web().servers.ForEach([&](size_t, const auto& server) { found |= server != nullptr && server->id == id; });
      return found;
    }();
    if (exists && draw(3) == 0) {
      Remove(id);
    } else {
      Put(id, static_cast<uint32_t>(draw(4)));
    }
    if (draw(4) == 0) Work();
    if (draw(3) == 0) Advance(draw(200));
    if (draw(50) == 0) {
      Settle();
      ASSERT_TRUE(table_is_exact()) << step;
    }
  }
  Settle();
  EXPECT_TRUE(table_is_exact());
}

}  // namespace
}  // namespace fairlead::control
