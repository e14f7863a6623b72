#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "fairlead/v1/prober.pb.h"
#include "prober/shares.h"

namespace fairlead::prober {

// Which other probers are there. Each sends beats to all; another one is there as long as its beats come and say that
// it hears this one's: both then know of each other, or neither counts on the other, and in doubt both check.
//
// That a beat is new is told by its incarnation and sequence, which only grow; and since it must name this prober's own
// incarnation, beats of an earlier day that somebody sends once more bring nobody back to life.
//
// Knows neither sockets nor clocks. On the loop's thread.
class Membership {
 public:
  // Other probers that are remembered; beats of more are passed over.
  static constexpr size_t kMaxPeers = 1'000;

  // `timeout_ms`: without a beat for so long, a prober is gone.
  Membership(std::string id, uint64_t incarnation, uint64_t timeout_ms)
      : id_(std::move(id)), incarnation_(incarnation), timeout_ms_(timeout_ms) {}

  enum class News : uint8_t {
    kNone,
    kMet,      // it is not known here that it hears this prober: it should have a beat soon
    kChanged,  // members() is another
    kTwin,     // another prober has this one's id
  };
  News Take(const v1::ProberBeat& beat, uint64_t now_ms);
  // Time has passed. Returns whether members() is another.
  bool Expire(uint64_t now_ms);
  // The next beat to all.
  v1::ProberBeat MakeBeat(const std::vector<uint64_t>& proxies, bool leaving, uint64_t now_ms);

  // Without this one.
  std::vector<Member> members() const;

 private:
  struct Peer {
    uint64_t incarnation = 0;
    uint64_t sequence = 0;
    uint64_t heard_ms = 0;  // when its last beat came
    bool present = false;
    std::vector<uint64_t> proxies;
  };

  bool Hears(const v1::ProberBeat& beat) const;

  const std::string id_;
  const uint64_t incarnation_;
  const uint64_t timeout_ms_;
  uint64_t sequence_ = 0;
  std::map<std::string, Peer> peers_;
};

}  // namespace fairlead::prober
