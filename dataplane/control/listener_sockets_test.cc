#include "dataplane/control/listener_sockets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dataplane/base/absl_strings.h"
#include "dataplane/control/fake_workers.h"
#include "dataplane/control/test_support.h"
#include "dataplane/net/listening_socket.h"

namespace fairlead::control {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class ListenerSockets : public testing::Test {
 protected:
  ListenerSockets() { test_.Do(SnapshotTransaction(R"(route_tables { id: "r" })")); }

  static void AddUpsert(std::string_view id, std::string_view address, v1::Transaction& transaction) {
    v1::Listener& listener = *transaction.add_operations()->mutable_upsert_listener();
    listener.set_id(std::string(id));
    listener.set_address(std::string(address));
    listener.mutable_http()->set_route_table("r");
  }
  v1::FromProxy Upsert(std::string_view id, std::string_view address) {
    v1::Transaction transaction;
    AddUpsert(id, address, transaction);
    return test_.Do(transaction);
  }
  v1::FromProxy Remove(std::string_view id) {
    v1::Transaction transaction;
    transaction.add_operations()->set_remove_listener(std::string(id));
    return test_.Do(transaction);
  }

  const config::Listener* Find(std::string_view id) {
    const config::Listener* found = nullptr;
    test_.core.snapshot()->listeners.ForEach([&](size_t, const auto& listener) {
      if (listener != nullptr && listener->id == id) found = listener.get();
    });
    return found;
  }
  // The address of a listener that is there.
  std::string Bound(std::string_view id) { return Find(id)->bound_address.ToString(); }

  // A port that nobody listens on, as long as nobody takes it.
  static std::string FreeAddress() { return net::Listen(*net::Address::Parse("127.0.0.1:0"), 1)->address.ToString(); }
  static bool IsFree(std::string_view address) { return net::Listen(*net::Address::Parse(address), 1).ok(); }

  TestCore test_;
};

TEST_F(ListenerSockets, APortOfZeroBecomesOneThatTheSystemChose) {
  EXPECT_TRUE(Upsert("l", "127.0.0.1:0").has_applied());
  EXPECT_EQ(Find("l")->address.port(), 0);
  EXPECT_NE(Find("l")->bound_address.port(), 0);
  EXPECT_THAT(Find("l")->sockets->descriptors, SizeIs(FakeWorkers::kWorkers));
  EXPECT_FALSE(IsFree(Bound("l")));
  ASSERT_THAT(test_.core.bound_listeners(), SizeIs(1));
  EXPECT_EQ(test_.core.bound_listeners()[0].id, "l");
  EXPECT_EQ(test_.core.bound_listeners()[0].address, Find("l")->bound_address);
}

TEST_F(ListenerSockets, TwoListenersMayAskForPortZero) {
  Upsert("a", "127.0.0.1:0");
  EXPECT_TRUE(Upsert("b", "127.0.0.1:0").has_applied());
  EXPECT_NE(Find("a")->bound_address, Find("b")->bound_address);
}

TEST_F(ListenerSockets, AListenerThatKeepsItsAddressKeepsItsSockets) {
  Upsert("l", "127.0.0.1:0");
  const auto sockets = Find("l")->sockets;
  const std::string bound = Bound("l");
  v1::Transaction transaction;
  AddUpsert("l", "127.0.0.1:0", transaction);
  transaction.mutable_operations(0)->mutable_upsert_listener()->mutable_http()->set_max_header_count(7);
  test_.Do(transaction);
  EXPECT_EQ(Find("l")->http.max_header_count, 7u);
  EXPECT_EQ(Find("l")->sockets, sockets);
  EXPECT_EQ(Bound("l"), bound);
}

TEST_F(ListenerSockets, AChangedAddressIsANewSocket) {
  Upsert("l", "127.0.0.1:0");
  const auto sockets = Find("l")->sockets;
  const std::string address = FreeAddress();
  EXPECT_TRUE(Upsert("l", address).has_applied());
  EXPECT_NE(Find("l")->sockets, sockets);
  EXPECT_EQ(Bound("l"), address);
}

TEST_F(ListenerSockets, SocketsStayWithTheirAddressesWhenListenersChangePlaces) {
  const std::string here = FreeAddress();
  Upsert("a", here);
  const std::string there = FreeAddress();
  Upsert("b", there);
  const auto sockets_here = Find("a")->sockets;
  const auto sockets_there = Find("b")->sockets;
  v1::Transaction exchange;
  AddUpsert("a", there, exchange);
  AddUpsert("b", here, exchange);
  EXPECT_TRUE(test_.Do(exchange).has_applied());
  EXPECT_EQ(Find("a")->sockets, sockets_there);
  EXPECT_EQ(Find("b")->sockets, sockets_here);
  EXPECT_EQ(Bound("a"), there);
}

TEST_F(ListenerSockets, AListenerTakesOverTheSocketsOfOneThatGoes) {
  const std::string address = FreeAddress();
  Upsert("old", address);
  const auto sockets = Find("old")->sockets;
  v1::Transaction transaction;
  AddUpsert("new", address, transaction);
  transaction.add_operations()->set_remove_listener("old");
  EXPECT_TRUE(test_.Do(transaction).has_applied());
  EXPECT_EQ(Find("new")->sockets, sockets);
}

TEST_F(ListenerSockets, OneThatCannotBeBoundRejectsTheWholeAndNothingStaysBound) {
  const auto taken = net::Listen(*net::Address::Parse("127.0.0.1:0"), 1);
  const std::string address = taken->address.ToString();
  const std::string free = FreeAddress();
  v1::Transaction transaction;
  AddUpsert("good", free, transaction);
  AddUpsert("bad", address, transaction);
  AddUpsert("foreign", "192.0.2.1:80", transaction);
  const uint64_t revision = test_.core.revision();
  EXPECT_THAT(TestCore::ViolationsOf(test_.Do(transaction)),
              ElementsAre(base::StrCat("BIND_FAILED listeners[\"bad\"].address: cannot listen on ", address,
                                       ": Address already in use"),
                          "BIND_FAILED listeners[\"foreign\"].address: "
                          "cannot listen on 192.0.2.1:80: Cannot assign requested address"));
  EXPECT_EQ(test_.core.revision(), revision);
  EXPECT_THAT(test_.core.bound_listeners(), IsEmpty());
  EXPECT_TRUE(IsFree(free));
}

TEST_F(ListenerSockets, WhatWasOnlyTriedIsClosedBeforeTheAnswer) {
  const auto taken = net::Listen(*net::Address::Parse("127.0.0.1:0"), 1);
  for (const bool dry_run : {false, true}) {
    const std::string free = FreeAddress();
    v1::Transaction transaction;
    transaction.set_id(dry_run ? "dry" : "bad");
    transaction.set_dry_run(dry_run);
    AddUpsert("good", free, transaction);
    if (!dry_run) AddUpsert("bad", taken->address.ToString(), transaction);
    std::optional<bool> was_free;
    test_.core.SubmitTransaction(std::move(transaction), [&](auto) { was_free = IsFree(free); });
    EXPECT_EQ(was_free, true) << (dry_run ? "dry run" : "rejected");
  }
}

TEST_F(ListenerSockets, ADryRunFindsOutWhetherItCouldBindAndLetsGo) {
  const auto taken = net::Listen(*net::Address::Parse("127.0.0.1:0"), 1);
  v1::Transaction bad;
  AddUpsert("l", taken->address.ToString(), bad);
  bad.set_dry_run(true);
  EXPECT_THAT(test_.Do(bad).rejected().violations(), SizeIs(1));

  const std::string free = FreeAddress();
  v1::Transaction good;
  AddUpsert("l", free, good);
  good.set_dry_run(true);
  EXPECT_TRUE(test_.Do(good).has_applied());
  EXPECT_TRUE(IsFree(free));
  EXPECT_EQ(Find("l"), nullptr);
}

TEST_F(ListenerSockets, ARemovedListenersAddressIsFreeWhenNobodyServesByItAnyMore) {
  Upsert("l", "127.0.0.1:0");
  const std::string bound = Bound("l");
  Remove("l");
  test_.workers.DropOldSnapshots();
  EXPECT_TRUE(IsFree(bound));
}

class ListenerSocketFiles : public ListenerSockets {
 protected:
  ~ListenerSocketFiles() override { std::filesystem::remove_all(directory_); }

  static v1::Transaction WithMode(v1::Transaction transaction, std::string_view mode) {
    transaction.mutable_operations(0)->mutable_upsert_listener()->set_unix_mode(std::string(mode));
    return transaction;
  }
  v1::FromProxy UpsertWithMode(std::string_view id, std::string_view address, std::string_view mode) {
    v1::Transaction transaction;
    AddUpsert(id, address, transaction);
    return test_.Do(WithMode(std::move(transaction), mode));
  }
  std::vector<std::string> Files() const {
    std::vector<std::string> files;
    for (const auto& entry : std::filesystem::directory_iterator(directory_)) files.push_back(entry.path().filename());
    std::sort(files.begin(), files.end());
    return files;
  }
  std::string Unix(std::string_view name) const { return base::StrCat("unix:", directory_, "/", name); }
  mode_t Mode(std::string_view name) const {
    struct stat status = {};
    stat(base::StrCat(directory_, "/", name).c_str(), &status);
    return status.st_mode & 07777;
  }

  // Short, as paths of unix sockets must be.
  const std::string directory_ = mkdtemp(std::string("/tmp/fairlead-XXXXXX").data());
};

TEST_F(ListenerSocketFiles, ComeAndGoWithTheirListeners) {
  EXPECT_TRUE(Upsert("l", Unix("s")).has_applied());
  EXPECT_EQ(Bound("l"), Unix("s"));
  EXPECT_THAT(Files(), ElementsAre("s"));
  EXPECT_EQ(Mode("s"), 0600u);
  // Though an old snapshot, which knows the listener, lives on.
  EXPECT_TRUE(Remove("l").has_applied());
  EXPECT_THAT(Files(), IsEmpty());
  EXPECT_TRUE(Upsert("l", Unix("s")).has_applied());
  test_.workers.DropOldSnapshots();
  EXPECT_THAT(Files(), ElementsAre("s"));
}

TEST_F(ListenerSocketFiles, GoWhenTheListenerMoves) {
  Upsert("l", Unix("s"));
  EXPECT_TRUE(Upsert("l", Unix("t")).has_applied());
  EXPECT_THAT(Files(), ElementsAre("t"));
  EXPECT_TRUE(Upsert("l", "127.0.0.1:0").has_applied());
  EXPECT_THAT(Files(), IsEmpty());
}

TEST_F(ListenerSocketFiles, StayWhereAnotherListenerTakesThemOver) {
  Upsert("old", Unix("s"));
  const auto sockets = Find("old")->sockets;
  v1::Transaction transaction;
  AddUpsert("new", Unix("s"), transaction);
  transaction.add_operations()->set_remove_listener("old");
  EXPECT_TRUE(test_.Do(WithMode(transaction, "0666")).has_applied());
  EXPECT_EQ(Find("new")->sockets, sockets);
  EXPECT_THAT(Files(), ElementsAre("s"));
  EXPECT_EQ(Mode("s"), 0666u);
}

TEST_F(ListenerSocketFiles, GetAChangedModeAndKeepTheirSocket) {
  UpsertWithMode("l", Unix("s"), "0660");
  EXPECT_EQ(Mode("s"), 0660u);
  const auto sockets = Find("l")->sockets;
  UpsertWithMode("l", Unix("s"), "0640");
  EXPECT_EQ(Mode("s"), 0640u);
  EXPECT_EQ(Find("l")->sockets, sockets);
}

TEST_F(ListenerSocketFiles, ArePartOfTheTransaction) {
  UpsertWithMode("l", Unix("s"), "0600");
  v1::Transaction dry_run;
  AddUpsert("l", Unix("s"), dry_run);
  AddUpsert("m", Unix("t"), dry_run);
  dry_run.set_dry_run(true);
  EXPECT_TRUE(test_.Do(WithMode(dry_run, "0666")).has_applied());
  EXPECT_THAT(Files(), ElementsAre("s"));
  EXPECT_EQ(Mode("s"), 0600u);

  v1::Transaction refused;
  AddUpsert("l", Unix("t"), refused);
  AddUpsert("m", Unix("missing/s"), refused);
  EXPECT_THAT(TestCore::ViolationsOf(test_.Do(refused)),
              ElementsAre(base::StrCat("BIND_FAILED listeners[\"m\"].address: cannot listen on ", Unix("missing/s"),
                                       ": No such file or directory")));
  EXPECT_THAT(Files(), ElementsAre("s"));
}

TEST_F(ListenerSocketFiles, AreNeverAnotherPrograms) {
  const auto other = net::Listen(*net::Address::Parse(Unix("other")), 1);
  std::ofstream(directory_ + "/file") << "precious";
  for (const char* name : {"other", "file"}) {
    EXPECT_THAT(TestCore::ViolationsOf(Upsert("l", Unix(name))),
                ElementsAre(base::StrCat("BIND_FAILED listeners[\"l\"].address: cannot listen on ", Unix(name),
                                         ": Address already in use")));
  }
  EXPECT_THAT(Files(), ElementsAre("file", "other"));
}

}  // namespace
}  // namespace fairlead::control
