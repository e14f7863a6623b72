#include "controlplane-mock/etcd/store_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace fairlead::controlplane_mock::etcd {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

// Fills an entry that was created and last written at these revisions.
void Fill(mvccpb::KeyValue& entry, const std::string& key, const std::string& value, int64_t created, int64_t written,
          int64_t lease = 0) {
  entry.set_key(key);
  entry.set_value(value);
  entry.set_create_revision(created);
  entry.set_mod_revision(written);
  entry.set_lease(lease);
}

class StoreViewTest : public testing::Test {
 protected:
  void ReadTwoDocumentsAndALeader() {
    etcdserverpb::RangeResponse response;
    response.mutable_header()->set_revision(9);
    Fill(*response.add_kvs(), "/fairlead/config/a.yaml", "a", 3, 3);
    Fill(*response.add_kvs(), "/fairlead/config/team/b.yaml", "b", 4, 6);
    Fill(*response.add_kvs(), "/fairlead/leader", StoreView::LeaderValue("ctl-1", "127.0.0.1:7000"), 5, 8, 77);
    view_.Read(response);
  }
  static void Put(etcdserverpb::WatchResponse& response, const std::string& key, const std::string& value,
                  int64_t created, int64_t written, int64_t lease = 0) {
    Fill(*response.add_events()->mutable_kv(), key, value, created, written, lease);
  }
  static void Delete(etcdserverpb::WatchResponse& response, const std::string& key, int64_t revision) {
    mvccpb::Event& event = *response.add_events();
    event.set_type(mvccpb::Event::DELETE);
    event.mutable_kv()->set_key(key);
    event.mutable_kv()->set_mod_revision(revision);
  }

  StoreView view_{"/fairlead"};
};

TEST_F(StoreViewTest, IsOfTheKeysBelowItsPrefixAlone) {
  EXPECT_EQ(view_.begin(), "/fairlead/");
  EXPECT_LT(view_.begin() + "\xff\xff", view_.end());
  EXPECT_GT(std::string("/fairlead2/leader"), view_.end());
  EXPECT_EQ(view_.revision(), 0);
}

TEST_F(StoreViewTest, ReadsDocumentsAndWhoLeads) {
  ReadTwoDocumentsAndALeader();

  EXPECT_EQ(view_.revision(), 9);
  EXPECT_THAT(view_.documents(), SizeIs(2));
  EXPECT_EQ(view_.documents().at("team/b.yaml"), (Document{.text = "b", .mod_revision = 6}));
  EXPECT_EQ(view_.leader(), (Leader{.name = "ctl-1", .address = "127.0.0.1:7000", .epoch = 5, .lease = 77}));
}

TEST_F(StoreViewTest, FollowsTheWatch) {
  ReadTwoDocumentsAndALeader();
  etcdserverpb::WatchResponse response;
  Put(response, "/fairlead/config/a.yaml", "a2", 3, 10);
  Delete(response, "/fairlead/config/team/b.yaml", 11);
  Delete(response, "/fairlead/leader", 12);
  Put(response, "/fairlead/leader", StoreView::LeaderValue("ctl-2", ""), 13, 13, 78);

  view_.Apply(response);

  EXPECT_EQ(view_.revision(), 13);
  EXPECT_THAT(view_.documents(), SizeIs(1));
  EXPECT_EQ(view_.documents().at("a.yaml").text, "a2");
  EXPECT_EQ(view_.leader(), (Leader{.name = "ctl-2", .address = "", .epoch = 13, .lease = 78}));
}

TEST_F(StoreViewTest, KeepsTheEpochOfALeaderThatWritesItsKeyAgain) {
  ReadTwoDocumentsAndALeader();
  etcdserverpb::WatchResponse response;
  Put(response, "/fairlead/leader", StoreView::LeaderValue("ctl-1", "elsewhere"), 5, 10, 77);

  view_.Apply(response);

  EXPECT_EQ(view_.leader()->epoch, 5);
  EXPECT_EQ(view_.leader()->address, "elsewhere");
}

TEST_F(StoreViewTest, TakesAKeyThatAnOperatorPutThereAsALeaderWithoutALease) {
  etcdserverpb::WatchResponse response;
  Put(response, "/fairlead/leader", "stop: all [of you", 5, 5);

  view_.Apply(response);

  EXPECT_EQ(view_.leader(), (Leader{.name = "stop: all [of you", .address = "", .epoch = 5, .lease = 0}));
}

TEST_F(StoreViewTest, ReadAnewForgetsWhatIsGone) {
  ReadTwoDocumentsAndALeader();
  etcdserverpb::RangeResponse response;
  response.mutable_header()->set_revision(20);

  view_.Read(response);

  EXPECT_EQ(view_.revision(), 20);
  EXPECT_THAT(view_.documents(), IsEmpty());
  EXPECT_FALSE(view_.leader().has_value());
}

}  // namespace
}  // namespace fairlead::controlplane_mock::etcd
