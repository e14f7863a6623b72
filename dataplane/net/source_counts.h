#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>

#include "dataplane/net/address.h"

namespace fairlead::net {

// How many connections each source has: an IPv4 address, or the /64 network of an IPv6 address, which one customer has
// for himself. Exact over all threads, without a lock: a table of fixed size whose entries are atomics that hold a
// keyed hash of the source, and a count. Shared by the workers; outlives the connections that it counts.
//
// A source has its entry in a window of the table, at a place that its hash names, from its first connection to the end
// of its last. So that two threads can't give one source two entries, an entry is claimed first. Whoever claims looks
// through the whole window again, takes away other threads' claims for the source, and makes its own good only if
// nobody has taken that away meanwhile. Two claims can't both be made good: the later one was written before its thread
// looked, so that it saw the earlier.
class SourceCounts {
 public:
  // An entry: what Release wants. Never kUntracked where a connection was refused.
  using Entry = uint32_t;
  static constexpr Entry kUntracked = UINT32_MAX;
  static constexpr uint32_t kMaxCount = 32'767;

  // For so many sources at a time, at least; at most 2^20 are told apart. `key` makes the places unforeseeable.
  struct Key {
    uint64_t first, second;
  };
  SourceCounts(size_t sources, Key key);
  // With a random key, for as many sources as the process can have descriptors.
  static std::shared_ptr<SourceCounts> Make();

  // Counts one more connection of `source` unless that would make more than `limit` (1 to kMaxCount): then nothing.
  // `thread`: below 32,767, another for each thread. kUntracked, and not limited: a unix socket's, or the window is
  // full of others.
  std::optional<Entry> Acquire(const Address& source, uint32_t limit, uint32_t thread);
  // The connection has ended.
  void Release(Entry entry);

 private:
  static constexpr size_t kWindow = 32;

  // What is found for a source in its window.
  struct Found {
    std::optional<size_t> own;    // counts it already
    std::optional<size_t> claim;  // of another thread for it
    std::optional<size_t> empty;  // the first
  };
  Found Find(size_t begin, uint64_t tag, std::optional<size_t> but) const;
  // Makes an entry of the claim at `place`; false: it is gone, and is to be tried anew.
  bool MakeGood(size_t begin, size_t place, uint64_t claim);
  // Takes a claim for this source away, if it still is one.
  void TakeAway(size_t place, uint64_t tag);
  std::atomic<uint64_t>& At(size_t index) const { return entries_[index & mask_]; }

  const Key key_;
  const size_t mask_;
  // Empty: 0. Else the source's tag in the upper 47 bits below kClaim, and below it the count; with kClaim set, the
  // number of the thread that claims.
  struct Free {
    void operator()(std::atomic<uint64_t>* entries) const { std::free(entries); }
  };
  const std::unique_ptr<std::atomic<uint64_t>[], Free> entries_;  // from calloc: pages that are not used cost nothing
};

}  // namespace fairlead::net
