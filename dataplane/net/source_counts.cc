#include "dataplane/net/source_counts.h"

#include <sys/resource.h>

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <cstring>
#include <random>

namespace fairlead::net {
namespace {

constexpr uint64_t kClaim = uint64_t{1} << 63;
constexpr uint64_t kLow = 0xffff;
constexpr uint64_t kTag = ~(kClaim | kLow);
constexpr size_t kMinEntries = 1 << 10, kMaxEntries = 1 << 21;

// SipHash-2-4 of two words (Aumasson and Bernstein, 2012): without the key nobody can make sources collide.
uint64_t SipHash(const SourceCounts::Key& key, uint64_t high, uint64_t low) {
  uint64_t v0 = key.first ^ 0x736f6d6570736575, v1 = key.second ^ 0x646f72616e646f6d;
  uint64_t v2 = key.first ^ 0x6c7967656e657261, v3 = key.second ^ 0x7465646279746573;
  const auto round = [&] {
    v0 += v1;
    v2 += v3;
    v1 = std::rotl(v1, 13) ^ v0;
    v3 = std::rotl(v3, 16) ^ v2;
    v0 = std::rotl(v0, 32);
    v2 += v1;
    v0 += v3;
    v1 = std::rotl(v1, 17) ^ v2;
    v3 = std::rotl(v3, 21) ^ v0;
    v2 = std::rotl(v2, 32);
  };
  for (uint64_t word : {high, low, uint64_t{16} << 56}) {
    v3 ^= word;
    round();
    round();
    v0 ^= word;
  }
  v2 ^= 0xff;
  for (int i = 0; i < 4; ++i) round();
  return v0 ^ v1 ^ v2 ^ v3;
}

// Nothing for unix sockets.
std::optional<uint64_t> HashOf(const SourceCounts::Key& key, const Address& source) {
  if (source.family() == AF_INET) {
    return SipHash(key, AF_INET, reinterpret_cast<const sockaddr_in*>(source.get())->sin_addr.s_addr);
  }
  if (source.family() != AF_INET6) return std::nullopt;
  const in6_addr& ip = reinterpret_cast<const sockaddr_in6*>(source.get())->sin6_addr;
  if (IN6_IS_ADDR_V4MAPPED(&ip)) {
    uint32_t v4;
    std::memcpy(&v4, ip.s6_addr + 12, sizeof(v4));
    return SipHash(key, AF_INET, v4);
  }
  uint64_t network;
  std::memcpy(&network, ip.s6_addr, sizeof(network));
  return SipHash(key, AF_INET6, network);
}

}  // namespace

SourceCounts::SourceCounts(size_t sources, Key key)
    : key_(key),
      // Twice as many entries, so that windows seldom are full.
      mask_(std::bit_ceil(std::clamp(2 * sources, kMinEntries, kMaxEntries)) - 1),
      entries_(static_cast<std::atomic<uint64_t>*>(std::calloc(mask_ + 1, sizeof(std::atomic<uint64_t>)))) {
  static_assert(std::atomic<uint64_t>::is_always_lock_free);
}

std::shared_ptr<SourceCounts> SourceCounts::Make() {
  rlimit limit = {};
  getrlimit(RLIMIT_NOFILE, &limit);
  std::random_device device;
  const auto word = [&] { return uint64_t{device()} << 32 | device(); };
  return std::make_shared<SourceCounts>(std::min<size_t>(limit.rlim_cur, kMaxEntries), Key{word(), word()});
}

SourceCounts::Found SourceCounts::Find(size_t begin, uint64_t tag, std::optional<size_t> but) const {
  Found found;
  for (size_t i = begin; i < begin + kWindow; ++i) {
    const uint64_t entry = At(i).load();
    if (entry == 0) {
      if (!found.empty.has_value()) found.empty = i;
    } else if ((entry & kTag) == tag && i != but) {
      std::optional<size_t>& place = (entry & kClaim) == 0 ? found.own : found.claim;
      if (!place.has_value()) place = i;
    }
  }
  return found;
}

std::optional<SourceCounts::Entry> SourceCounts::Acquire(const Address& source, uint32_t limit, uint32_t thread) {
  const std::optional<uint64_t> hash = HashOf(key_, source);
  if (!hash.has_value()) return kUntracked;
  const uint64_t tag = *hash & kTag;
  const size_t begin = (*hash ^ *hash >> 48) & mask_;  // bits that are not all in the tag
  const uint64_t claim = kClaim | tag | thread;
  while (true) {
    const Found found = Find(begin, tag, std::nullopt);
    if (found.own.has_value()) {
      std::atomic<uint64_t>& own = At(*found.own);
      uint64_t entry = own.load();
      if ((entry & ~kLow) != tag) continue;  // it has just ended
      if ((entry & kLow) >= limit) return std::nullopt;
      if (own.compare_exchange_strong(entry, entry + 1)) return static_cast<Entry>(*found.own & mask_);
      continue;
    }
    if (!found.empty.has_value()) {
      if (!found.claim.has_value()) return kUntracked;
      TakeAway(*found.claim, tag);
      continue;
    }

    uint64_t nothing = 0;
    if (!At(*found.empty).compare_exchange_strong(nothing, claim)) continue;
    if (MakeGood(begin, *found.empty, claim)) return static_cast<Entry>(*found.empty & mask_);
  }
}

bool SourceCounts::MakeGood(size_t begin, size_t place, uint64_t claim) {
  const uint64_t tag = claim & kTag;
  while (true) {
    const Found others = Find(begin, tag, place);
    uint64_t own = claim;
    if (others.own.has_value()) {
      At(place).compare_exchange_strong(own, 0);
      return false;
    }
    if (!others.claim.has_value()) return At(place).compare_exchange_strong(own, tag | 1);
    TakeAway(*others.claim, tag);
  }
}

void SourceCounts::TakeAway(size_t place, uint64_t tag) {
  uint64_t entry = At(place).load();
  if ((entry & ~kLow) == (kClaim | tag)) At(place).compare_exchange_strong(entry, 0);
}

void SourceCounts::Release(Entry entry) {
  if (entry == kUntracked) return;
  std::atomic<uint64_t>& place = At(entry);
  uint64_t now = place.load();
  while (!place.compare_exchange_weak(now, (now & kLow) == 1 ? 0 : now - 1)) {
  }
}

}  // namespace fairlead::net
