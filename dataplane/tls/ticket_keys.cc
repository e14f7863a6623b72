#include "dataplane/tls/ticket_keys.h"

#include <openssl/rand.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "absl/strings/escaping.h"
#include "dataplane/base/absl_strings.h"
#include "dataplane/tls/openssl.h"

namespace fairlead::tls {
namespace {

constexpr int64_t kChanging = INT64_MAX;

}  // namespace

TicketKey::TicketKey(std::string_view material, int64_t not_before_ms) : not_before_ms_(not_before_ms) {
  std::memcpy(material_.data(), material.data(), kBytes);
}

TicketKey::~TicketKey() { OPENSSL_cleanse(material_.data(), material_.size()); }

GivenTicketKeys::GivenTicketKeys(std::vector<TicketKey> keys) : keys_(std::move(keys)) {}

const TicketKey& GivenTicketKeys::Chosen(int64_t now_ms) const {
  const TicketKey* chosen = &keys_.front();
  for (const TicketKey& key : keys_) {
    const bool begun = key.not_before_ms() <= now_ms;
    const bool chosen_begun = chosen->not_before_ms() <= now_ms;
    const bool later = key.not_before_ms() > chosen->not_before_ms();
    if (begun != chosen_begun ? begun : begun == later) chosen = &key;
  }
  return *chosen;
}

std::vector<GivenTicketKeys::About> GivenTicketKeys::Describe(int64_t now_ms) const {
  std::vector<About> described;
  const TicketKey& chosen = Chosen(now_ms);
  for (const TicketKey& key : keys_) {
    described.push_back({absl::BytesToHexString(base::ToAbsl(key.name())), key.not_before_ms(), &key == &chosen});
  }
  return described;
}

void GivenTicketKeys::Choose(int64_t now_ms, TicketKey* key) const { *key = Chosen(now_ms); }

TicketKeys::Found GivenTicketKeys::Find(std::string_view name, int64_t now_ms, TicketKey* key) const {
  const auto found = std::ranges::find(keys_, name, &TicketKey::name);
  if (found == keys_.end()) return Found::kNone;
  *key = *found;
  return &*found == &Chosen(now_ms) ? Found::kMakesTickets : Found::kTaken;
}

OwnTicketKeys::OwnTicketKeys(int64_t now_ms) : change_at_ms_(now_ms) {
  ChangeIfDue(now_ms);
  // Two of them, so that there is one before.
  change_at_ms_.store(now_ms, std::memory_order_relaxed);
  ChangeIfDue(now_ms);
}

OwnTicketKeys::~OwnTicketKeys() { OPENSSL_cleanse(&slots_, sizeof(slots_)); }

void OwnTicketKeys::ChangeIfDue(int64_t now_ms) const {
  int64_t change_at_ms = change_at_ms_.load(std::memory_order_acquire);
  // A clock that was set back by years is not waited for.
  const bool due = now_ms >= change_at_ms || change_at_ms - now_ms > kPeriodMs;
  if (!due || change_at_ms == kChanging) return;
  // Who comes while another thread is about it goes on with the key that was there.
  if (!change_at_ms_.compare_exchange_strong(change_at_ms, kChanging, std::memory_order_acq_rel)) return;
  const uint64_t generation = generation_.load(std::memory_order_relaxed);
  uint64_t words[kWords];
  // Without randomness there is no TLS at all.
  if (RAND_priv_bytes(reinterpret_cast<unsigned char*>(words), sizeof(words)) != 1) std::abort();
  for (size_t i = 0; i < kWords; ++i) SlotOf(generation + 1).words[i].store(words[i], std::memory_order_release);
  OPENSSL_cleanse(words, sizeof(words));
  generation_.store(generation + 1, std::memory_order_release);
  // The one before that is not taken any more, and is forgotten. That this is seen after the new generation lets Read
  // tell what it has got.
  for (std::atomic<uint64_t>& word : SlotOf(generation + 2).words) word.store(0, std::memory_order_release);
  change_at_ms_.store(now_ms + kPeriodMs, std::memory_order_release);
}

bool OwnTicketKeys::Read(uint64_t generation, TicketKey* key) const {
  uint64_t words[kWords];
  for (size_t i = 0; i < kWords; ++i) words[i] = SlotOf(generation).words[i].load(std::memory_order_acquire);
  *key = TicketKey({reinterpret_cast<const char*>(words), sizeof(words)}, 0);
  OPENSSL_cleanse(words, sizeof(words));
  return generation_.load(std::memory_order_relaxed) <= generation + 1;
}

void OwnTicketKeys::Choose(int64_t now_ms, TicketKey* key) const {
  ChangeIfDue(now_ms);
  while (!Read(generation_.load(std::memory_order_acquire), key)) continue;
}

TicketKeys::Found OwnTicketKeys::Find(std::string_view name, int64_t now_ms, TicketKey* key) const {
  ChangeIfDue(now_ms);
  const uint64_t generation = generation_.load(std::memory_order_acquire);
  if (Read(generation, key) && key->name() == name) return Found::kMakesTickets;
  if (Read(generation - 1, key) && key->name() == name) return Found::kTaken;
  return Found::kNone;
}

}  // namespace fairlead::tls
