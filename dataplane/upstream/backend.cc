#include "dataplane/upstream/backend.h"

#include <utility>

#include "dataplane/upstream/backends.h"

namespace fairlead::upstream {
namespace {

// How much longer somebody must have waited in another worker to come before the first who waits here: a place changes
// workers by a message, and often costs a new connection.
constexpr uint64_t kPrecedenceMs = 10;

}  // namespace

Backend::Backend(Environment* environment, Backends* backends, config::BackendSlot slot, const config::Backend* config)
    : environment_(environment),
      backends_(backends),
      slot_(slot),
      config_(config),
      rotation_(environment->random, config),
      queue_(environment, config->admission.get()) {
  queue_.SetTimeout(config->settings->queue_timeout.count());
  queue_in_use_ = config->settings->queue_length > 0;
}

Backend::~Backend() {
  queue_.counters().panic.Set(0);
  base::IntrusiveList<Waiter> waiters;
  while (!queue_.empty()) {
    Waiter* waiter = queue_.front();
    queue_.Leave(waiter);
    waiters.PushBack(waiter);
  }
  backends_->TakeOver(&waiters);
  for (std::unique_ptr<Server>& server : servers_) {
    if (server != nullptr) Server::Retire(std::move(server));
  }
}

const config::Server* Backend::Configured(config::ServerSlot slot) const {
  return slot < config_->servers.size() ? config_->servers[slot].get() : nullptr;
}

Admission Backend::Admit(Waiter* waiter, const Demand& demand) {
  const bool has_place_in_queue = waiter->waiting() && waiter->queue_ == &queue_;
  if (waiter->waiting() && !has_place_in_queue) waiter->Leave();
  if (rotation_.takers() == 0) {
    waiter->Leave();
    return {Admission::Outcome::kNoEligibleServer, {}};
  }
  // Whoever comes new stands behind those who wait, wherever they do.
  if (queue_in_use_ && !has_place_in_queue && queue_.waiting_anywhere() > 0) return Enqueue(waiter, demand);
  if (has_place_in_queue && waiter != queue_.front()) return Enqueue(waiter, demand);
  if (std::optional<Choice> choice = TryAdmit(demand)) {
    waiter->Leave();
    return {Admission::Outcome::kAdmitted, *choice};
  }
  return Enqueue(waiter, demand);
}

Admission Backend::Enqueue(Waiter* waiter, const Demand& demand) {
  if (!waiter->waiting()) {
    const bool first = queue_.empty();
    if (!queue_.Enter(waiter, config_->settings->queue_length)) {
      queue_.counters().queue_overflows.Increment();
      return {Admission::Outcome::kNoRoom, {}};
    }
    // A place may have been freed since it was looked for.
    if (first) backends_->ServeLater(slot_);
  }
  waiter->adoption_ = environment_->adoptions;
  waiter->demand_ = &demand;
  return {Admission::Outcome::kWaiting, {}};
}

std::optional<Choice> Backend::TryAdmit(const Demand& demand) {
  if (rotation_.out() > 0) [[unlikely]]
    CatchUp();
  while (std::optional<config::ServerSlot> slot = rotation_.Pick(demand)) {
    Server& server = ServerAt(*slot);
    if (std::optional<ConnectionPlace> place = server.TryBegin(demand.fresh)) [[likely]] {
      if (rotation_.panic()) queue_.counters().panic_requests.Increment();
      return Choice{&server, *slot, *place};
    }
    TakeOutIfFull(*slot);
  }
  return std::nullopt;
}

Server& Backend::ServerAt(config::ServerSlot slot) {
  if (slot >= servers_.size()) servers_.resize(slot + 1);
  std::unique_ptr<Server>& server = servers_[slot];
  if (server == nullptr) {
    server = std::make_unique<Server>(environment_, Configured(slot), config_->settings.get(), &counters(), this, slot);
  }
  return *server;
}

void Backend::TakeOutIfFull(config::ServerSlot slot) {
  // Who counts the server down from its limit writes that into the log afterwards. So the log has to be read from a
  // place before the last look at the server.
  if (rotation_.out() == 0) log_position_ = config_->admission->freed.end();
  if (servers_[slot]->HasRoom()) return;
  servers_[slot]->CountLimitReached();
  rotation_.TakeOut(slot);
}

void Backend::CatchUp() {
  const bool complete =
      config_->admission->freed.Read(&log_position_, [this](config::ServerSlot slot) { PutBackIfRoom(slot); });
  if (!complete) rotation_.ForEachOut([this](config::ServerSlot slot) { PutBackIfRoom(slot); });
}

void Backend::PutBackIfRoom(config::ServerSlot slot) {
  if (rotation_.IsOut(slot) && servers_[slot]->HasRoom()) rotation_.PutBack(slot);
}

void Backend::OnRoom(config::ServerSlot slot) {
  config_->admission->freed.Append(slot);
  if (queue_.waiting_anywhere() > 0) backends_->ServeLater(slot_);
}

void Backend::Serve() {
  while (true) {
    if (rotation_.takers() == 0) {
      // Each is answered so when it asks again, by the revision that made it so.
      if (queue_.empty()) return;
      queue_.front()->OnRevision();
      continue;
    }
    if (rotation_.out() > 0) CatchUp();
    if (rotation_.empty() || YieldToOlder() || queue_.empty()) break;
    Waiter* const waiter = queue_.front();
    if (waiter->adoption_ != environment_->adoptions) {
      waiter->OnRevision();
      continue;
    }
    const std::optional<Choice> choice = TryAdmit(*waiter->demand_);
    if (!choice) break;
    queue_.Leave(waiter);
    waiter->OnAdmitted(*choice);
  }
  queue_in_use_ = config_->settings->queue_length > 0 || !queue_.empty();
}

bool Backend::YieldToOlder() {
  const std::optional<WaitQueue::Elsewhere> other = queue_.OldestElsewhere();
  if (!other) return false;
  if (!queue_.empty() && queue_.front()->since_ms_ <= other->since_ms + kPrecedenceMs) return false;
  if (queue_.MarkForWaking(other->worker)) {
    environment_->peers[other->worker].Post(
        [slot = slot_, admission = config_->admission.get()](Backends& backends) { backends.Wake(slot, admission); });
  }
  return true;
}

void Backend::OnWoken() {
  queue_.OnWoken();
  Serve();
}

void Backend::ClaimConnection(config::ServerSlot slot) {
  backends_->Forward({.backend = slot_,
                      .server = slot,
                      .counters = Configured(slot)->counters.get(),
                      .claimant = environment_->worker_index,
                      .adoption = environment_->adoptions});
}

void Backend::Update(const config::Backend* config) {
  const bool new_settings = config->settings != config_->settings;
  config_ = config;
  rotation_.Update(config);
  if (!new_settings) return;
  const config::BackendSettings& settings = *config->settings;
  queue_.SetTimeout(settings.queue_timeout.count());
  queue_in_use_ = settings.queue_length > 0 || !queue_.empty();
  for (config::ServerSlot slot = 0; slot < servers_.size(); ++slot) {
    const config::Server* server = Configured(slot);
    if (servers_[slot] == nullptr || server == nullptr || !servers_[slot]->serves(*server)) continue;
    servers_[slot]->Update(server, &settings);
  }
}

void Backend::UpdateServer(config::ServerSlot slot) {
  rotation_.SetServer(slot);
  if (slot >= servers_.size() || servers_[slot] == nullptr) return;
  const config::Server* server = Configured(slot);
  if (server == nullptr || !servers_[slot]->serves(*server)) {  // removed; another may have the slot by now
    Server::Retire(std::move(servers_[slot]));
  } else {
    servers_[slot]->Update(server, config_->settings.get());
  }
}

void Backend::Settle() {
  rotation_.Settle();
  queue_.counters().panic.Set(rotation_.panic());
  if (queue_.waiting_anywhere() > 0) backends_->ServeLater(slot_);
}

}  // namespace fairlead::upstream
