#include "dataplane/health/servers_state.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <utility>

#include "dataplane/base/absl_strings.h"

namespace fairlead::health {
namespace {

constexpr size_t kPieceBytes = 4096;

constexpr std::string_view kBegin =
    "1\n"
    "# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight "
    "srv_time_since_last_change srv_check_status srv_check_result srv_check_health srv_check_state srv_agent_state "
    "bk_f_forced_id srv_f_forced_id srv_fqdn srv_port srvrecord srv_use_ssl srv_check_port srv_check_addr "
    "srv_agent_addr srv_agent_port\n";

// HAProxy's SRV_ST_STOPPED and SRV_ST_RUNNING.
int OperationalState(const config::Server& server, bool unknown_is_eligible) {
  const bool is_healthy =
      server.health != config::Health::kDown && (server.health != config::Health::kUnknown || unknown_is_eligible);
  return is_healthy && server.admin_state != config::AdminState::kMaint ? 2 : 0;
}

// The counter of its checks, as it is for a server without any: 2 at first, then as `set server health` leaves it.
int CheckHealth(config::Health health) {
  if (health == config::Health::kUnknown) return 2;
  return health == config::Health::kDown ? 0 : 4;
}

// Its SRV_ADMF_FMAINT and SRV_ADMF_FDRAIN.
int AdminFlags(config::AdminState state) {
  switch (state) {
    case config::AdminState::kReady:
      return 0;
    case config::AdminState::kMaint:
      return 0x01;
    case config::AdminState::kDrain:
      return 0x08;
  }
  return 0;
}

// Without the port, and without brackets.
std::string HostOf(const net::Address& address) {
  std::array<char, INET6_ADDRSTRLEN> text;
  const void* bytes = nullptr;
  if (address.family() == AF_INET) bytes = &reinterpret_cast<const sockaddr_in*>(address.get())->sin_addr;
  if (address.family() == AF_INET6) bytes = &reinterpret_cast<const sockaddr_in6*>(address.get())->sin6_addr;
  if (bytes == nullptr || inet_ntop(address.family(), bytes, text.data(), text.size()) == nullptr) return "-";
  return text.data();
}

}  // namespace

std::unique_ptr<ServersState> ServersState::Make(std::string_view backend, const HealthTable* table,
                                                 VerbActions* actions, uint64_t now_ms) {
  std::unique_ptr<ServersState> state(new ServersState(actions->snapshot(), table, actions, now_ms));
  const auto& backends = state->snapshot_->backends;
  state->end_backend_ = backends.size();
  if (backend.empty()) return state;
  for (size_t slot = 0; slot < backends.size(); ++slot) {
    if (backends[slot] == nullptr || backends[slot]->settings->id != backend) continue;
    state->backend_ = slot;
    state->end_backend_ = slot + 1;
    return state;
  }
  return nullptr;
}

std::string ServersState::NextPiece() {
  std::string piece;
  if (!std::exchange(begun_, true)) piece = kBegin;
  while (piece.size() < kPieceBytes) {
    const config::Server* const server = NextServer();
    if (server == nullptr) break;
    AddLine(*snapshot_->backends[backend_], *server, piece);
  }
  return piece;
}

const config::Server* ServersState::NextServer() {
  for (; backend_ < end_backend_; ++backend_, server_ = 0) {
    const config::Backend* const backend = snapshot_->backends[backend_].get();
    if (backend == nullptr) continue;
    while (server_ < backend->servers.size()) {
      if (const config::Server* const server = backend->servers[server_++].get()) return server;
    }
  }
  return nullptr;
}

void ServersState::AddLine(const config::Backend& backend, const config::Server& server, std::string& text) {
  const config::BackendSettings& settings = *backend.settings;
  const std::optional<Decision> decision = table_->Find(settings.id, server.id);
  const uint64_t since_ms = decision ? decision->since_ms : now_ms_;
  const int state = OperationalState(server, settings.unknown_is_eligible);
  text += base::StrCat(backend_ + 1, " ", settings.id, " ", server_, " ", server.id, " ", HostOf(server.address), " ");
  text += base::StrCat(state, " ", AdminFlags(server.admin_state), " ", server.weight, " ",
                       actions_->initial_weight(server), " ", (now_ms_ - std::min(now_ms_, since_ms)) / 1000);
  text += base::StrCat(" 1 0 ", CheckHealth(server.health), " 0 0 0 0 - ", server.address.port(), " - ",
                       settings.tls == nullptr ? 0 : 1, " 0 - - 0\n");
}

}  // namespace fairlead::health
