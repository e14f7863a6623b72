#include "dataplane/control/value_checks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace fairlead::control {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// Checks values of a field "networks" of the listener "l".
class CheckNetworksTest : public testing::Test {
 protected:
  net::NetworkSet Check() {
    const Path root;
    return CheckNetworks(texts_, Path(root, "listeners", "l"), "networks", violations_);
  }
  std::vector<std::string> Messages() const {
    std::vector<std::string> messages;
    for (const v1::Violation& violation : violations_.list()) {
      EXPECT_EQ(violation.code(), v1::Violation::INVALID_ARGUMENT);
      messages.push_back(violation.path() + ": " + violation.message());
    }
    return messages;
  }

  google::protobuf::RepeatedPtrField<std::string> texts_;
  Violations violations_;
};

TEST_F(CheckNetworksTest, TakesNetworksAndUnix) {
  *texts_.Add() = "10.0.0.0/8";
  *texts_.Add() = "unix";
  const net::NetworkSet set = Check();
  EXPECT_THAT(Messages(), IsEmpty());
  EXPECT_TRUE(set.Contains(*net::Address::Parse("10.1.2.3:1")));
  EXPECT_TRUE(set.Contains(*net::Address::Parse("unix:/s")));
  EXPECT_FALSE(set.Contains(*net::Address::Parse("11.1.2.3:1")));
}

TEST_F(CheckNetworksTest, NamesEachThatIsNone) {
  *texts_.Add() = "10.0.0.0/8";
  *texts_.Add() = "10.0.0.1/8";
  *texts_.Add() = "here";
  Check();
  EXPECT_THAT(
      Messages(),
      ElementsAre("listeners[\"l\"].networks[1]: bits are set behind the prefix: \"10.0.0.1/8\"; the network is "
                  "10.0.0.0/8",
                  "listeners[\"l\"].networks[2]: not a network such as 10.0.0.0/8, ::1/128 or unix: \"here\""));
}

TEST_F(CheckNetworksTest, TakesAThousandAndNoMore) {
  for (int i = 0; i < 1'000; ++i) *texts_.Add() = "10.0.0.0/8";
  Check();
  EXPECT_THAT(Messages(), IsEmpty());
  *texts_.Add() = "10.0.0.0/8";
  Check();
  EXPECT_THAT(Messages(), ElementsAre("listeners[\"l\"].networks: more than 1000: 1001"));
}

}  // namespace
}  // namespace fairlead::control
