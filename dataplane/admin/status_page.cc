#include "dataplane/admin/status_page.h"

#include <algorithm>

#include "dataplane/net/listening_socket.h"

namespace fairlead::admin {

namespace {

std::string_view PolicyName(const config::BackendSettings& settings) {
  switch (settings.policy) {
    case config::LoadBalancingPolicy::kRoundRobin:
      return "ROUND_ROBIN";
    case config::LoadBalancingPolicy::kLeastRequest:
      return "LEAST_REQUEST";
    case config::LoadBalancingPolicy::kRandom:
      return "RANDOM";
    case config::LoadBalancingPolicy::kHash:
      return settings.hash_table.kind == config::HashTableSettings::Kind::kRing ? "RING_HASH" : "MAGLEV";
  }
  return "";
}

}  // namespace

std::string_view StatusPage::NextPiece() {
  piece_.clear();
  if (stage_ == Stage::kBegin) {
    json_.BeginObject();
    WriteProxy();
    WriteWorkers();
    WriteSessions();
    WriteListeners();
    json_.Key("backends");
    json_.BeginArray();
    stage_ = Stage::kBackends;
  }
  for (int servers = 0; stage_ == Stage::kBackends && servers < kPieceServers && piece_.size() < kPieceBytes;
       ++servers) {
    switch (walk_.Next()) {
      case ServerWalk::Step::kBackendBegin:
        WriteBackend(walk_.backend());
        break;
      case ServerWalk::Step::kServer:
        WriteServer(walk_.backend(), walk_.server());
        break;
      case ServerWalk::Step::kBackendEnd:
        json_.EndArray();
        json_.EndObject();
        break;
      case ServerWalk::Step::kEnd:
        json_.EndArray();
        json_.EndObject();
        piece_.push_back('\n');
        stage_ = Stage::kDone;
        break;
    }
  }
  return piece_;
}

void StatusPage::WriteProxy() {
  Field("node_id", status_.node_id);
  Field("zone", status_.zone);
  Field("version", status_.version);
  Field("uptime_ms", status_.now_ms - status_.started_ms);
  const std::string why_not = WhyNotReady(status_);
  Flag("ready", why_not.empty());
  if (!why_not.empty()) Field("why_not_ready", why_not);
  Flag("draining", status_.draining);
  Field("revision", status_.snapshot.revision);
  Field("fingerprint", status_.fingerprint);
  Field("transactions_applied", status_.transactions_applied);
  Field("transactions_rejected", status_.transactions_rejected);
  if (status_.state_on_disk.has_value()) WriteStateOnDisk(*status_.state_on_disk);
}

void StatusPage::WriteStateOnDisk(const StateOnDisk& state) {
  json_.Key("state_on_disk");
  json_.BeginObject();
  Field("saved_revision", state.saved_revision);
  Field("good_copies", static_cast<uint64_t>(state.good_copies));
  Field("bytes", state.bytes);
  Field("write_errors", state.failures);
  Field("damaged_files", static_cast<uint64_t>(state.damaged_files));
  Field("error", state.error);
  json_.EndObject();
}

void StatusPage::WriteWorkers() {
  json_.Key("workers");
  json_.BeginArray();
  for (size_t i = 0; i < status_.workers.size(); ++i) {
    const WorkerStatus& worker = status_.workers[i];
    json_.NewLine();
    json_.BeginObject();
    Field("index", i);
    Field("revision", worker.revision);
    Field("io", worker.io);
    Field("open_connections", worker.counters->connections_open.value());
    Field("active_requests", worker.counters->requests_active.value());
    Field("total_requests", worker.counters->requests.value());
    json_.EndObject();
  }
  json_.EndArray();
}

void StatusPage::WriteSessions() {
  json_.Key("control_sessions");
  json_.BeginArray();
  for (const ControlSession& session : status_.sessions) {
    json_.NewLine();
    json_.BeginObject();
    Field("peer", session.peer);
    Flag("dialled", session.dialled);
    Flag("connected", session.connected);
    Field("detail", session.detail);
    json_.EndObject();
  }
  json_.EndArray();
}

void StatusPage::WriteListeners() {
  json_.Key("listeners");
  json_.BeginArray();
  status_.snapshot.listeners.ForEach([&](size_t, const std::shared_ptr<const config::Listener>& listener) {
    if (listener == nullptr) return;
    json_.NewLine();
    json_.BeginObject();
    Field("id", listener->id);
    Field("address", listener->address.ToString());
    if (listener->sockets->bound()) {
      Field("bound_address", listener->bound_address.ToString());
    } else {
      Field("error", listener->sockets->error);
    }
    json_.EndObject();
  });
  json_.EndArray();
}

void StatusPage::WriteBackend(const config::Backend& backend) {
  const config::BackendSettings& settings = *backend.settings;
  const metrics::BackendAdmission& admission = *backend.admission;
  json_.NewLine();
  json_.BeginObject();
  Field("id", settings.id);
  Field("policy", PolicyName(settings));
  Flag("unknown_is_eligible", settings.unknown_is_eligible);
  Field("queue_length", settings.queue_length);
  Field("waiting", admission.waiting.load(std::memory_order_relaxed));
  Flag("panic", admission.in_panic());
  json_.Key("servers");
  json_.BeginArray();
}

void StatusPage::WriteServer(const config::Backend& backend, const config::Server& server) {
  const config::BackendSettings& settings = *backend.settings;
  json_.NewLine();
  json_.BeginObject();
  Field("id", server.id);
  Field("address", server.address.ToString());
  Field("weight", server.weight);
  Field("admin_state", config::ToString(server.admin_state));
  Field("health", config::ToString(server.health));
  Flag("eligible", server.IsEligible(settings.unknown_is_eligible));
  // A server that was removed while this page is being sent has none.
  if (const std::optional<health::Decision> decision = status_.health->Find(settings.id, server.id)) {
    Field("decided_by", decision->decided_by);
    Field("reason", decision->reason);
    Field("since_ms", status_.now_ms - std::min(status_.now_ms, decision->since_ms));
    Field("expires_in_ms", decision->expires_ms - std::min(status_.now_ms, decision->expires_ms));
  }
  Field("active_requests", server.counters->active_requests.load(std::memory_order_relaxed));
  Field("total_requests", metrics::Sum(*server.counters, &metrics::UpstreamCounters::requests));
  Field("open_connections", server.counters->open_connections.load(std::memory_order_relaxed));
  if (server.max_requests() != config::kNoLimit) Field("max_requests", server.max_requests());
  if (server.max_connections() != config::kNoLimit) Field("max_connections", server.max_connections());
  json_.EndObject();
}

void StatusPage::Field(std::string_view name, std::string_view value) {
  json_.Key(name);
  json_.String(value);
}

void StatusPage::Field(std::string_view name, uint64_t value) {
  json_.Key(name);
  json_.Number(value);
}

void StatusPage::Flag(std::string_view name, bool value) {
  json_.Key(name);
  json_.Bool(value);
}

}  // namespace fairlead::admin
