#include "dataplane/tls/session_cache.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace fairlead::tls {
namespace {

// Ids are random, and made here: any eight bytes of one are as good as a hash of it.
uint64_t Bytes(std::string_view id, size_t offset) {
  uint64_t value;
  std::memcpy(&value, id.data() + offset, sizeof(value));
  return value;
}

uint64_t TagOf(std::string_view id) { return Bytes(id, 0) | 1; }

}  // namespace

SessionCache::SessionCache(uint32_t capacity)
    : capacity_(capacity),
      places_(std::min(capacity, kPlaces)),
      sets_count_(capacity / places_),
      sets_(new std::atomic<Set*>[sets_count_]()) {}

SessionCache::~SessionCache() {
  for (uint32_t i = 0; i < sets_count_; ++i) {
    Set* const set = sets_[i].load(std::memory_order_acquire);
    if (set == nullptr) continue;
    for (Place& place : *set) delete place.entry.load(std::memory_order_acquire);
    delete set;
  }
}

std::atomic<SessionCache::Set*>& SessionCache::SetOf(std::string_view id) const {
  return sets_[Bytes(id, sizeof(uint64_t)) % sets_count_];
}

SessionCache::Set& SessionCache::MakeSet(std::atomic<Set*>& place) {
  Set* const there = place.load(std::memory_order_acquire);
  if (there != nullptr) return *there;
  auto made = std::make_unique<Set>();
  Set* first = nullptr;
  if (place.compare_exchange_strong(first, made.get(), std::memory_order_acq_rel)) first = made.release();
  return *first;
}

void SessionCache::Put(std::string_view id, std::string session, int64_t expires_s, int64_t now_s) {
  if (id.size() != kIdBytes) return;
  Set& set = MakeSet(SetOf(id));
  // What was never used, or has expired first, and then what expires first.
  const auto order = [](const Place& place) {
    return place.tag.load(std::memory_order_relaxed) == 0 ? 0 : place.expires_s.load(std::memory_order_relaxed);
  };
  Place& place = *std::min_element(set.begin(), set.begin() + places_,
                                   [&](const Place& a, const Place& b) { return order(a) < order(b); });
  auto entry = std::make_unique<Entry>(Entry{std::string(id), std::move(session), expires_s});
  Entry* const before = place.entry.exchange(entry.release(), std::memory_order_acq_rel);
  place.tag.store(TagOf(id), std::memory_order_relaxed);
  place.expires_s.store(expires_s, std::memory_order_relaxed);
  size_.fetch_add(1, std::memory_order_relaxed);
  if (before == nullptr) return;
  if (before->expires_s > now_s) evicted_.fetch_add(1, std::memory_order_relaxed);
  Drop(before);
}

SessionCache::Entry* SessionCache::Take(Place& place, std::string_view id) {
  if (place.tag.load(std::memory_order_relaxed) != TagOf(id)) return nullptr;
  Entry* const entry = place.entry.exchange(nullptr, std::memory_order_acq_rel);
  if (entry == nullptr || entry->id == id) return entry;
  Entry* nothing = nullptr;
  if (!place.entry.compare_exchange_strong(nothing, entry, std::memory_order_acq_rel)) Drop(entry);
  return nullptr;
}

std::optional<std::string> SessionCache::Find(std::string_view id) {
  if (id.size() != kIdBytes) return std::nullopt;
  Set* const set = SetOf(id).load(std::memory_order_acquire);
  if (set == nullptr) return std::nullopt;
  for (Place& place : *set) {
    Entry* const entry = Take(place, id);
    if (entry == nullptr) continue;
    std::string session = entry->session;
    // Whoever came meanwhile is newer.
    Entry* nothing = nullptr;
    if (!place.entry.compare_exchange_strong(nothing, entry, std::memory_order_acq_rel)) Drop(entry);
    return session;
  }
  return std::nullopt;
}

void SessionCache::Remove(std::string_view id) {
  if (id.size() != kIdBytes) return;
  Set* const set = SetOf(id).load(std::memory_order_acquire);
  if (set == nullptr) return;
  for (Place& place : *set) {
    Entry* const entry = Take(place, id);
    if (entry == nullptr) continue;
    place.tag.store(0, std::memory_order_relaxed);
    return Drop(entry);
  }
}

void SessionCache::Drop(Entry* entry) {
  delete entry;
  size_.fetch_sub(1, std::memory_order_relaxed);
}

}  // namespace fairlead::tls
