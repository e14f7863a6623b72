#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace fairlead::tls {

// Sessions of TLS 1.2 that clients resume by their ids (RFC 5246 §7.4.1.2): those of clients that take no tickets. A
// table of sets of eight places, of which the oldest makes room, so that it never holds more than it may.
//
// For all threads at the same time, without locks: who looks an entry up takes it out of its place by one exchange, so
// that nobody else can free it, and puts it back by another. Who looks for the same one in between does not find it,
// and shakes hands in full. Made by the control side for a listener, and kept over its revisions.
class SessionCache {
 public:
  static constexpr size_t kIdBytes = 32;

  // At most `capacity` sessions, at least 1. Memory is taken as they come.
  explicit SessionCache(uint32_t capacity);
  ~SessionCache();
  SessionCache(const SessionCache&) = delete;
  SessionCache& operator=(const SessionCache&) = delete;

  // Of other ids than kIdBytes nothing is kept. Times in seconds since 1970.
  void Put(std::string_view id, std::string session, int64_t expires_s, int64_t now_s);
  std::optional<std::string> Find(std::string_view id);
  void Remove(std::string_view id);

  uint32_t capacity() const { return capacity_; }
  uint32_t size() const { return size_.load(std::memory_order_relaxed); }
  // Sessions that made room for others before their time.
  uint64_t evicted() const { return evicted_.load(std::memory_order_relaxed); }

 private:
  static constexpr uint32_t kPlaces = 8;

  struct Entry {
    std::string id;
    std::string session;
    int64_t expires_s;
  };
  // `tag` and `expires_s` say what to expect of the entry, and may be wrong for a moment.
  struct Place {
    std::atomic<Entry*> entry{nullptr};
    std::atomic<uint64_t> tag{0};  // 0: nothing
    std::atomic<int64_t> expires_s{0};
  };
  using Set = std::array<Place, kPlaces>;

  // Null: nothing was ever put there.
  std::atomic<Set*>& SetOf(std::string_view id) const;
  Set& MakeSet(std::atomic<Set*>& place);
  // Takes the entry out. Null: it is not there.
  Entry* Take(Place& place, std::string_view id);
  void Drop(Entry* entry);

  const uint32_t capacity_;
  const uint32_t places_;  // in use of each set
  const uint32_t sets_count_;
  const std::unique_ptr<std::atomic<Set*>[]> sets_;
  std::atomic<uint32_t> size_{0};
  std::atomic<uint64_t> evicted_{0};
};

}  // namespace fairlead::tls
