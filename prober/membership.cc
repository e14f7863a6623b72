#include "prober/membership.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "prober/hash.h"

namespace fairlead::prober {

bool Membership::Hears(const v1::ProberBeat& beat) const {
  return std::ranges::any_of(beat.heard(), [&](const v1::ProberBeat::Heard& heard) {
    return heard.id_hash() == Hash(id_) && heard.incarnation() == incarnation_;
  });
}

Membership::News Membership::Take(const v1::ProberBeat& beat, uint64_t now_ms) {
  if (beat.id() == id_) return beat.incarnation() == incarnation_ ? News::kNone : News::kTwin;
  if (!peers_.contains(beat.id()) && peers_.size() >= kMaxPeers) return News::kNone;
  Peer& peer = peers_[beat.id()];
  if (std::tuple(beat.incarnation(), beat.sequence()) <= std::tuple(peer.incarnation, peer.sequence))
    return News::kNone;
  const bool was_present = peer.present;
  const Peer before = std::exchange(peer, {.incarnation = beat.incarnation(),
                                           .sequence = beat.sequence(),
                                           .heard_ms = now_ms,
                                           .present = Hears(beat) && !beat.leaving(),
                                           .proxies = {beat.proxies().begin(), beat.proxies().end()}});
  if (peer.present != was_present || (was_present && peer.proxies != before.proxies)) return News::kChanged;
  return peer.present || beat.leaving() ? News::kNone : News::kMet;
}

bool Membership::Expire(uint64_t now_ms) {
  bool changed = false;
  for (auto& [id, peer] : peers_) {
    if (!peer.present || now_ms - peer.heard_ms < timeout_ms_) continue;
    peer.present = false;
    changed = true;
  }
  return changed;
}

v1::ProberBeat Membership::MakeBeat(const std::vector<uint64_t>& proxies, bool leaving, uint64_t now_ms) {
  v1::ProberBeat beat;
  beat.set_id(id_);
  beat.set_incarnation(incarnation_);
  beat.set_sequence(++sequence_);
  for (const uint64_t proxy : proxies) beat.add_proxies(proxy);
  for (const auto& [id, peer] : peers_) {
    if (now_ms - peer.heard_ms >= timeout_ms_) continue;
    v1::ProberBeat::Heard& heard = *beat.add_heard();
    heard.set_id_hash(Hash(id));
    heard.set_incarnation(peer.incarnation);
  }
  beat.set_leaving(leaving);
  return beat;
}

std::vector<Member> Membership::members() const {
  std::vector<Member> members;
  for (const auto& [id, peer] : peers_) {
    if (peer.present) members.push_back({id, peer.proxies});
  }
  return members;
}

}  // namespace fairlead::prober
