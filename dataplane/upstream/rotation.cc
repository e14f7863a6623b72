#include "dataplane/upstream/rotation.h"

#include <utility>

#include "dataplane/load_balancing/make_policy.h"
#include "dataplane/load_balancing/stable_hash.h"
#include "dataplane/load_balancing/table_entry.h"

namespace fairlead::upstream {

Rotation::Rotation(load_balancing::Random* random, const config::Backend* config)
    : random_(random),
      config_(config),
      policy_kind_(config->settings->policy),
      unknown_is_eligible_(config->settings->unknown_is_eligible) {
  MakePolicy();
}

void Rotation::MakePolicy() {
  policy_ = load_balancing::MakePolicy(policy_kind_, random_);
  const bool by_hash = policy_kind_ == config::LoadBalancingPolicy::kHash;
  hash_policy_ = by_hash ? static_cast<load_balancing::HashPolicy*>(policy_.get()) : nullptr;
  if (by_hash) hash_policy_->SetTable(config_->hash_table.get());
}

const config::Server* Rotation::Configured(config::ServerSlot slot) const {
  return slot < config_->servers.size() ? config_->servers[slot].get() : nullptr;
}

void Rotation::Update(const config::Backend* config) {
  config_ = config;
  const config::BackendSettings& settings = *config->settings;
  if (hash_policy_ != nullptr) hash_policy_->SetTable(config->hash_table.get());
  if (settings.policy == policy_kind_ && settings.unknown_is_eligible == unknown_is_eligible_) return;
  if (std::exchange(policy_kind_, settings.policy) != settings.policy) MakePolicy();
  unknown_is_eligible_ = settings.unknown_is_eligible;
  for (config::ServerSlot slot = 0; slot < config->servers.size(); ++slot) SetServer(slot);
}

void Rotation::SetServer(config::ServerSlot slot) {
  if (slot >= flags_.size()) flags_.resize(slot + size_t{1});
  uint8_t& flags = flags_[slot];
  candidates_ -= (flags & kCandidate) != 0;
  eligible_ -= (flags & kEligible) != 0;
  out_ -= (flags & kOut) != 0;
  flags &= kInRotation;
  if (const config::Server* server = Configured(slot); server != nullptr) {
    if (server->admin_state == config::AdminState::kReady && server->weight > 0) flags |= kCandidate;
    if (server->EffectiveWeight(unknown_is_eligible_) > 0) flags |= kEligible;
  }
  candidates_ += (flags & kCandidate) != 0;
  eligible_ += (flags & kEligible) != 0;
  Apply(slot);
}

bool Rotation::WantsPanic() const {
  return candidates_ > 0 && eligible_ < config_->settings->panic_threshold * candidates_;
}

void Rotation::Settle() {
  if (WantsPanic() == panic_) return;
  panic_ = !panic_;
  for (config::ServerSlot slot = 0; slot < flags_.size(); ++slot) {
    if ((flags_[slot] & (kCandidate | kEligible)) == kCandidate) Apply(slot);
  }
}

void Rotation::TakeOut(config::ServerSlot slot) {
  flags_[slot] |= kOut;
  ++out_;
  Apply(slot);
}

void Rotation::PutBack(config::ServerSlot slot) {
  flags_[slot] &= ~kOut;
  --out_;
  Apply(slot);
}

void Rotation::Apply(config::ServerSlot slot) {
  uint8_t& flags = flags_[slot];
  const bool takes_requests = (flags & (panic_ ? kCandidate : kEligible)) != 0;
  const bool in_rotation = takes_requests && (flags & kOut) == 0;
  in_rotation_ += in_rotation;
  in_rotation_ -= (flags & kInRotation) != 0;
  flags = in_rotation ? flags | kInRotation : flags & ~kInRotation;
  const config::Server* server = Configured(slot);
  policy_->SetWeight(slot, in_rotation ? server->weight : 0,
                     server == nullptr ? nullptr : &server->counters->active_requests);
  if (hash_policy_ != nullptr && in_rotation) {
    hash_policy_->SetTag(slot, load_balancing::TableEntry::TagOf(load_balancing::ServerIdentity(server->id)));
  }
}

}  // namespace fairlead::upstream
