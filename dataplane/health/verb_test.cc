#include "dataplane/health/verb.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace fairlead::health {
namespace {

using config::AdminState;
using config::Health;
using testing::HasSubstr;
using testing::StartsWith;
using Kind = Verb::Kind;

Verb Read(std::string_view text) {
  Verb verb = TakeVerb(&text);
  EXPECT_EQ(text, "");
  return verb;
}

std::string Refuse(std::string_view text) {
  const Verb verb = Read(text);
  EXPECT_EQ(verb.kind, Kind::kRefused) << text;
  return verb.error;
}

TEST(Verb, SetsAdminStates) {
  const Verb verb = Read("set server web/w1 state drain");
  EXPECT_EQ(verb.kind, Kind::kSetAdminState);
  EXPECT_EQ(verb.backend, "web");
  EXPECT_EQ(verb.server, "w1");
  EXPECT_EQ(verb.admin_state, AdminState::kDrain);
  EXPECT_EQ(Read("set server web/w1 state ready").admin_state, AdminState::kReady);
  EXPECT_EQ(Read("set server web/w1 state maint").admin_state, AdminState::kMaint);
  EXPECT_EQ(Read("enable server web/w1").admin_state, AdminState::kReady);
  EXPECT_EQ(Read("disable server web/w1").admin_state, AdminState::kMaint);
  EXPECT_EQ(Read("disable server web/w1").kind, Kind::kSetAdminState);
}

TEST(Verb, SetsHealth) {
  EXPECT_EQ(Read("set server web/w1 health up").kind, Kind::kSetHealth);
  EXPECT_EQ(Read("set server web/w1 health up").health, Health::kUp);
  EXPECT_EQ(Read("set server web/w1 health down").health, Health::kDown);
  EXPECT_EQ(Read("set server web/w1 health stopping").health, Health::kDown);
}

TEST(Verb, SetsAndGetsWeights) {
  EXPECT_EQ(Read("set weight web/w1 65535").kind, Kind::kSetWeight);
  EXPECT_EQ(Read("set weight web/w1 65535").weight, 65'535);
  EXPECT_FALSE(Read("set weight web/w1 0").is_percent);
  EXPECT_EQ(Read("set server web/w1 weight 7").weight, 7);
  EXPECT_TRUE(Read("set server web/w1 weight 150%").is_percent);
  EXPECT_EQ(Read("set server web/w1 weight 150%").weight, 150);
  EXPECT_EQ(Read("get weight web/w1").kind, Kind::kGetWeight);
}

TEST(Verb, ShowsServers) {
  EXPECT_EQ(Read("show servers state").kind, Kind::kShowServersState);
  EXPECT_EQ(Read("show servers state").backend, "");
  EXPECT_EQ(Read("show servers state web").backend, "web");
}

TEST(Verb, SpacesMeanNothing) {
  const Verb verb = Read("  set   weight  web/w1   5  ");
  EXPECT_EQ(verb.weight, 5);
  EXPECT_EQ(verb.text, "set   weight  web/w1   5");
}

TEST(Verb, ComesOneAfterAnotherBetweenSemicolons) {
  std::string_view line = "set weight web/w1 5; get weight web/w1;;quit;";
  EXPECT_EQ(TakeVerb(&line).kind, Kind::kSetWeight);
  EXPECT_EQ(TakeVerb(&line).kind, Kind::kGetWeight);
  EXPECT_EQ(TakeVerb(&line).kind, Kind::kNothing);
  EXPECT_EQ(TakeVerb(&line).kind, Kind::kQuit);
  EXPECT_EQ(line, "");
}

TEST(Verb, IsRefusedInHAProxysWords) {
  EXPECT_EQ(Refuse("set server"), "Require 'backend/server'.");
  EXPECT_EQ(Refuse("set server w1 state drain"), "Require 'backend/server'.");
  EXPECT_EQ(Refuse("get weight"), "Require 'backend/server'.");
  EXPECT_EQ(Refuse("set server web/w1 state"), "'set server <srv> state' expects 'ready', 'drain' and 'maint'.");
  EXPECT_EQ(Refuse("set server web/w1 health dwon"), "'set server <srv> health' expects 'up', 'stopping', or 'down'.");
  EXPECT_EQ(Refuse("set weight web/w1"), "Require <weight> or <weight%>.");
  EXPECT_EQ(Refuse("set weight web/w1 heavy"), "Empty weight string empty or preceded by garbage");
  EXPECT_EQ(Refuse("set weight web/w1 5x"), "Trailing garbage in weight string");
  EXPECT_EQ(Refuse("set weight web/w1 5%%"), "Trailing garbage in weight string");
  EXPECT_EQ(Refuse("set weight web/w1 -1%"), "Relative weight must be positive.");
  const std::string range = "Absolute weight can only be between 0 and 65535 inclusive.";
  EXPECT_EQ(Refuse("set weight web/w1 -1"), range);
  EXPECT_EQ(Refuse("set weight web/w1 65536"), range);
  EXPECT_EQ(Refuse("set weight web/w1 99999999999999999999"), range);
  EXPECT_EQ(Read("set weight web/w1 99999999999999999999%").weight, UINT32_MAX);
}

TEST(Verb, OfWhichNothingIsKnownIsRefusedByName) {
  EXPECT_THAT(Refuse("show info"), StartsWith("Unknown command: \"show info\". Known here: 'set server'"));
  EXPECT_THAT(Refuse("set"), StartsWith("Unknown command: \"set\""));
  EXPECT_THAT(Refuse("show servers"), StartsWith("Unknown command: \"show servers\""));
  EXPECT_EQ(Refuse("set server web/w1 colour red"), "usage: set server <backend>/<server> health | state | weight");
  EXPECT_THAT(Refuse("set server web/w1 addr 10.0.0.1"), StartsWith("'set server <srv> addr' is not taken here"));
  EXPECT_THAT(Refuse("set server web/w1 agent up"), HasSubstr("reports health"));
  EXPECT_EQ(Refuse("set weight web/w1 5 6"), "Unexpected \"6\" after the command.");
}

TEST(Verb, IsKnownByItsFirstWord) {
  for (const char* line : {"set x", " get y", "show", "prompt", "enable server a/b", "disable server a/b;x"}) {
    EXPECT_TRUE(BeginsWithVerb(line)) << line;
  }
  for (const char* line : {"", ";set x", "report web/w1 up", "setx", "help", "quit", "Set x"}) {
    EXPECT_FALSE(BeginsWithVerb(line)) << line;
  }
}

}  // namespace
}  // namespace fairlead::health
