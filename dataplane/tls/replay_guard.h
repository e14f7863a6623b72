#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace fairlead::tls {

// Remembers the ClientHellos whose early data was taken, by their random bytes, so that none is taken again from who
// has recorded it (RFC 8446 §8.2). For as long as one would pass for fresh (§8.3): OpenSSL takes early data where the
// age that the client says its ticket has is off by 10 s at most.
//
// For all threads at the same time, without locks: a place is one word, and who has taken one looks once more, so that
// of several with the same bytes no two are let in. Made by the control side for a listener, and kept over its
// revisions.
class ReplayGuard {
 public:
  enum class Verdict {
    kFresh,
    kReplayed,
    kNoRoom,  // or too early to say: taken for a replay
  };
  // Some more than a ClientHello passes for fresh.
  static constexpr int64_t kWindowSeconds = 15;
  // So many within the window, or, since they fill it unevenly, somewhat fewer.
  static constexpr size_t kPlaces = size_t{1} << 17;

  // `blind_until_s`: until then nothing is fresh, because another process may have let it in (§8.2). Times in seconds
  // since 1970.
  explicit ReplayGuard(int64_t blind_until_s, size_t places = kPlaces);
  ReplayGuard(const ReplayGuard&) = delete;
  ReplayGuard& operator=(const ReplayGuard&) = delete;

  // `random`: at least 16 bytes that no other client has chosen.
  Verdict Admit(std::string_view random, int64_t now_s);

 private:
  static constexpr size_t kPlacesOfASet = 8;

  const int64_t blind_until_s_;
  const size_t sets_;
  // Each: 40 bits of who, 24 of when; 0: nobody.
  const std::unique_ptr<std::atomic<uint64_t>[]> words_;
};

}  // namespace fairlead::tls
