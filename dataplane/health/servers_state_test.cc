#include "dataplane/health/servers_state.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "dataplane/base/counted_ptr.h"
#include "dataplane/event/timer_wheel.h"
#include "dataplane/net/address.h"

namespace fairlead::health {
namespace {

using config::AdminState;
using config::Health;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class ServersStateTest : public testing::Test {
 protected:
  // At the next slot.
  void AddBackend(const std::string& id, bool unknown_is_eligible = true) {
    config::BackendSettings settings;
    settings.id = id;
    settings.unknown_is_eligible = unknown_is_eligible;
    auto backend = std::make_shared<config::Backend>();
    backend->settings = std::make_shared<const config::BackendSettings>(std::move(settings));
    backends_.push_back(std::move(backend));
  }
  config::Server& AddServer(const std::string& id, const std::string& address = "127.0.0.1:80") {
    auto server = base::MakeCounted<config::Server>();
    server->id = id;
    server->address = *net::Address::Parse(address);
    config::Backend& backend = *backends_.back();
    backend.servers.PushBack(server);
    table_.AddServer(backend.settings->id, id);
    return *server;
  }

  std::vector<std::string> Lines(std::string_view backend = "") {
    auto snapshot = std::make_shared<config::Snapshot>();
    for (const auto& one : backends_) snapshot->backends.PushBack(one);
    VerbActions actions;
    actions.snapshot = [&] { return snapshot; };
    actions.initial_weight = [](const config::Server& server) { return server.weight * 10u; };
    const auto state = ServersState::Make(backend, &table_, &actions, timers_.now_ms());
    if (state == nullptr) return {"none"};
    std::string text;
    pieces_ = 0;
    for (std::string piece = state->NextPiece(); !piece.empty(); piece = state->NextPiece()) {
      EXPECT_EQ(piece.back(), '\n');
      longest_ = std::max(longest_, piece.size());
      text += piece;
      ++pieces_;
    }
    std::vector<std::string> lines = absl::StrSplit(text, '\n', absl::SkipEmpty());
    EXPECT_EQ(lines[0], "1");
    EXPECT_EQ(lines[1],
              "# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight "
              "srv_time_since_last_change srv_check_status srv_check_result srv_check_health srv_check_state "
              "srv_agent_state bk_f_forced_id srv_f_forced_id srv_fqdn srv_port srvrecord srv_use_ssl srv_check_port "
              "srv_check_addr srv_agent_addr srv_agent_port");
    lines.erase(lines.begin(), lines.begin() + 2);
    return lines;
  }

  event::TimerWheel timers_{1'000'000};
  HealthTable table_{&timers_, [](std::string_view, std::string_view, Health) {}};
  std::vector<std::shared_ptr<config::Backend>> backends_;
  int pieces_ = 0;
  size_t longest_ = 0;
};

TEST_F(ServersStateTest, TellsEachServerInHAProxysColumns) {
  AddBackend("web");
  AddServer("w1").weight = 5;
  AddServer("w2", "[2001:db8::1]:8080").health = Health::kDown;
  AddBackend("api");
  AddServer("a1", "unix:/run/a1").health = Health::kUp;
  timers_.Advance(timers_.now_ms() + 7'900);
  EXPECT_THAT(Lines(), ElementsAre("1 web 1 w1 127.0.0.1 2 0 5 50 7 1 0 2 0 0 0 0 - 80 - 0 0 - - 0",
                                   "1 web 2 w2 2001:db8::1 0 0 1 10 7 1 0 0 0 0 0 0 - 8080 - 0 0 - - 0",
                                   "2 api 1 a1 - 2 0 1 10 7 1 0 4 0 0 0 0 - 0 - 0 0 - - 0"));
}

TEST_F(ServersStateTest, TellsAdminStatesAsFlags) {
  AddBackend("web");
  AddServer("w1").admin_state = AdminState::kDrain;
  AddServer("w2").admin_state = AdminState::kMaint;
  EXPECT_THAT(Lines(), ElementsAre(testing::StartsWith("1 web 1 w1 127.0.0.1 2 8 "),
                                   testing::StartsWith("1 web 2 w2 127.0.0.1 0 1 ")));
}

TEST_F(ServersStateTest, AServerOfWhichNothingIsKnownIsWhatItsBackendTakesItFor) {
  AddBackend("hopeful");
  AddServer("w1");
  AddBackend("strict", /*unknown_is_eligible=*/false);
  AddServer("w1");
  EXPECT_THAT(Lines(), ElementsAre(testing::StartsWith("1 hopeful 1 w1 127.0.0.1 2 "),
                                   testing::StartsWith("2 strict 1 w1 127.0.0.1 0 ")));
}

TEST_F(ServersStateTest, TellsOneBackendAloneOrThatThereIsNone) {
  AddBackend("web");
  AddServer("w1");
  AddBackend("api");
  AddServer("a1");
  EXPECT_THAT(Lines("api"), ElementsAre(testing::StartsWith("2 api 1 a1 ")));
  EXPECT_THAT(Lines("ap"), ElementsAre("none"));
}

TEST_F(ServersStateTest, OfNothingIsItsHead) { EXPECT_THAT(Lines(), IsEmpty()); }

TEST_F(ServersStateTest, ComesInPieces) {
  AddBackend("web");
  for (int i = 0; i < 1'000; ++i) AddServer(absl::StrCat("server-", i));
  EXPECT_THAT(Lines(), SizeIs(1'000));
  EXPECT_GT(pieces_, 10);
  EXPECT_LT(longest_, 5'000u);
}

}  // namespace
}  // namespace fairlead::health
