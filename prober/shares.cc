#include "prober/shares.h"

#include <algorithm>

#include "prober/hash.h"

namespace fairlead::prober {
namespace {

uint64_t Score(uint64_t member, uint64_t server) { return Mix(member ^ Mix(server)); }

bool Reaches(const Member& member, uint64_t proxy) {
  return std::ranges::find(member.proxies, proxy) != member.proxies.end();
}

}  // namespace

Shares::Shares(const Member& self, const std::vector<Member>& others, uint32_t replicas)
    : self_(Hash(self.id)), replicas_(replicas) {
  others_.clear();
  const auto add = [&](auto takes_part) {
    std::vector<uint64_t> set;
    for (const Member& member : others) {
      if (takes_part(member)) set.push_back(Hash(member.id));
    }
    std::ranges::sort(set);
    others_.push_back(std::move(set));
  };
  for (const uint64_t proxy : self.proxies) add([&](const Member& member) { return Reaches(member, proxy); });
  if (self.proxies.empty()) add([](const Member&) { return true; });
  std::ranges::sort(others_);
  const auto repeated = std::ranges::unique(others_);
  others_.erase(repeated.begin(), repeated.end());
}

bool Shares::Has(uint64_t server) const {
  const uint64_t own = Score(self_, server);
  return std::ranges::any_of(others_, [&](const std::vector<uint64_t>& others) {
    if (others.size() < replicas_) return true;
    const auto better = std::ranges::count_if(others, [&](uint64_t member) {
      const uint64_t score = Score(member, server);
      return score > own || (score == own && member > self_);
    });
    return static_cast<uint32_t>(better) < replicas_;
  });
}

}  // namespace fairlead::prober
