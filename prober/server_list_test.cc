#include "prober/server_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "api/yaml/yaml.h"

namespace fairlead::prober {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

v1::StateReport Report(const std::string& yaml) {
  v1::StateReport report;
  EXPECT_TRUE(api::ParseYaml(yaml, {}, &report).ok());
  return report;
}

std::vector<std::string> Text(const std::vector<Target>& targets) {
  std::vector<std::string> text;
  for (const Target& target : targets) text.push_back(target.name() + " " + target.address.ToString());
  return text;
}

std::vector<std::string> Servers(const ServerList& list) { return Text(Merge({&list})); }

class ServerListTest : public ::testing::Test {
 protected:
  ServerListTest() {
    list_.Apply(Report(R"(
config: {backends: [{id: web, servers: [{id: w1, address: "10.0.0.1:80"}, {id: w2, address: "10.0.0.2:80"}]},
                    {id: api, servers: [{id: a1, address: "unix:/run/a"}]}]})"));
  }
  ServerList list_;
};

TEST_F(ServerListTest, HoldsTheServersOfTheFirstReport) {
  EXPECT_THAT(Servers(list_), ElementsAre("api/a1 unix:/run/a", "web/w1 10.0.0.1:80", "web/w2 10.0.0.2:80"));
  EXPECT_EQ(list_.size(), 3u);
}

TEST_F(ServerListTest, FollowsEachChange) {
  EXPECT_TRUE(list_.Apply(Report(R"(
incremental: true
config: {backends: [{id: web, servers: [{id: w2, address: "10.0.0.9:80"}, {id: w3, address: "10.0.0.3:80"}]}]}
removed: [{kind: SERVER, backend: web, id: w1}, {kind: BACKEND, id: api}])")));
  EXPECT_THAT(Servers(list_), ElementsAre("web/w2 10.0.0.9:80", "web/w3 10.0.0.3:80"));
}

TEST_F(ServerListTest, WhatGoesAndComesAgainInOneReportIsThere) {
  EXPECT_TRUE(list_.Apply(Report(R"(
incremental: true
removed: [{kind: BACKEND, id: api}, {kind: SERVER, backend: api, id: a1}]
config: {backends: [{id: api, servers: [{id: a2, address: "10.0.0.5:80"}]}]})")));
  EXPECT_THAT(Servers(list_), ElementsAre("api/a2 10.0.0.5:80", "web/w1 10.0.0.1:80", "web/w2 10.0.0.2:80"));
}

TEST_F(ServerListTest, ReportsOfOtherThingsChangeNothing) {
  EXPECT_FALSE(list_.Apply(Report("incremental: true")));
  EXPECT_FALSE(list_.Apply(Report(R"(
incremental: true
removed: [{kind: LISTENER, id: web}, {kind: SERVER, backend: gone, id: w1}]
config: {backends: [{id: web, servers: [{id: w1, address: "10.0.0.1:80", weight: 5}]}]})")));
  EXPECT_EQ(list_.size(), 3u);
}

TEST_F(ServerListTest, AWholeReportTakesThePlaceOfAll) {
  EXPECT_TRUE(list_.Apply(Report("config: {}")));
  EXPECT_THAT(Servers(list_), IsEmpty());
}

TEST_F(ServerListTest, SeveralProxiesTogetherHaveWhatAnyOfThemHas) {
  ServerList other;
  other.Apply(Report(R"(
config: {backends: [{id: web, servers: [{id: w1, address: "10.0.0.8:80"}, {id: w4, address: "10.0.0.4:80"}]}]})"));
  EXPECT_THAT(Text(Merge({&list_, &other})),
              ElementsAre("api/a1 unix:/run/a", "web/w1 10.0.0.1:80", "web/w2 10.0.0.2:80", "web/w4 10.0.0.4:80"));
  EXPECT_THAT(Text(Merge({&other, &list_}))[1], "web/w1 10.0.0.8:80") << "the first that has it";
  EXPECT_THAT(Merge({}), IsEmpty());
}

TEST(ServersOf, NamesAllThatIsWrong) {
  v1::Snapshot snapshot;
  ASSERT_TRUE(api::ParseYaml(R"(
backends: [{id: web, servers: [{id: w1, address: "10.0.0.300:80"}, {id: w2, address: "10.0.0.2:80"},
                               {id: w2, address: "10.0.0.3:80"}, {address: "10.0.0.3:80"}]}])",
                             {}, &snapshot)
                  .ok());
  EXPECT_EQ(std::string(ServersOf(snapshot).status().message()),
            "backends[\"web\"].servers[\"w1\"].address: not an IP:port or unix path: \"10.0.0.300:80\"\n"
            "backends[\"web\"].servers[\"w2\"]: given twice\n"
            "backends[\"web\"].servers[\"\"]: want an id");
}

}  // namespace
}  // namespace fairlead::prober
