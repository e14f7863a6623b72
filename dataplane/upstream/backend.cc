#include "dataplane/upstream/backend.h"

#include <utility>

#include "dataplane/load_balancing/make_policy.h"

namespace fairlead::upstream {

Backend::Backend(Environment* environment, const config::Backend* config)
    : environment_(environment),
      config_(config),
      policy_(load_balancing::MakePolicy(config->settings->policy, environment->random)),
      policy_kind_(config->settings->policy),
      unknown_is_eligible_(config->settings->unknown_is_eligible) {}

Backend::~Backend() {
  for (std::unique_ptr<Server>& server : servers_) {
    if (server != nullptr) Server::Retire(std::move(server));
  }
}

const config::Server* Backend::Configured(config::ServerSlot slot) const {
  return slot < config_->servers.size() ? config_->servers[slot].get() : nullptr;
}

Backend::Choice Backend::Pick(config::ServerSlot avoid) {
  std::optional<config::ServerSlot> slot = policy_->Pick(avoid);
  if (!slot.has_value()) return {};
  if (*slot >= servers_.size()) servers_.resize(*slot + 1);
  std::unique_ptr<Server>& server = servers_[*slot];
  if (server == nullptr) {
    server = std::make_unique<Server>(environment_, Configured(*slot), config_->settings.get(), &counters());
  }
  return {server.get(), *slot};
}

void Backend::Update(const config::Backend* config) {
  const bool new_settings = config->settings != config_->settings;
  config_ = config;
  if (!new_settings) return;
  const config::BackendSettings& settings = *config->settings;
  const bool new_rotation = settings.policy != policy_kind_ || settings.unknown_is_eligible != unknown_is_eligible_;
  if (settings.policy != policy_kind_) policy_ = load_balancing::MakePolicy(settings.policy, environment_->random);
  policy_kind_ = settings.policy;
  unknown_is_eligible_ = settings.unknown_is_eligible;
  for (config::ServerSlot slot = 0; slot < servers_.size(); ++slot) {
    const config::Server* server = Configured(slot);
    if (servers_[slot] == nullptr || server == nullptr || !servers_[slot]->serves(*server)) continue;
    servers_[slot]->Update(server, &settings);
  }
  if (!new_rotation) return;
  for (config::ServerSlot slot = 0; slot < config->servers.size(); ++slot) SetWeight(slot);
}

void Backend::UpdateServer(config::ServerSlot slot) {
  SetWeight(slot);
  if (slot >= servers_.size() || servers_[slot] == nullptr) return;
  const config::Server* server = Configured(slot);
  if (server == nullptr || !servers_[slot]->serves(*server)) {  // removed; another may have the slot by now
    Server::Retire(std::move(servers_[slot]));
  } else {
    servers_[slot]->Update(server, config_->settings.get());
  }
}

void Backend::SetWeight(config::ServerSlot slot) {
  const config::Server* server = Configured(slot);
  if (server == nullptr) return policy_->SetWeight(slot, 0, nullptr);
  policy_->SetWeight(slot, server->EffectiveWeight(unknown_is_eligible_), &server->counters->active_requests);
}

}  // namespace fairlead::upstream
