#pragma once

#include <array>
#include <bit>
#include <cstdint>

namespace fairlead::load_balancing {

// Random numbers of one worker: cheap, the same for the same seed, not for secrets. xoshiro256++ by Blackman and Vigna,
// seeded by splitmix64 as they advise: good in all 64 bits, a period of 2^256 - 1. For one thread.
class Random {
 public:
  explicit Random(uint64_t seed) {
    for (uint64_t& word : state_) {
      seed += 0x9e3779b97f4a7c15;
      uint64_t mixed = (seed ^ (seed >> 30)) * 0xbf58476d1ce4e5b9;
      mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
      word = mixed ^ (mixed >> 31);
    }
  }

  // Any number, each as likely.
  uint64_t Next() {
    const uint64_t result = std::rotl(state_[0] + state_[3], 23) + state_[0];
    const uint64_t shifted = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = std::rotl(state_[3], 45);
    return result;
  }

  // A number below `bound`, which is not 0. No number is more likely than another by more than bound / 2^64 of its
  // chance: not worth the division that would make it exact.
  uint64_t Below(uint64_t bound) {
    return static_cast<uint64_t>((static_cast<unsigned __int128>(Next()) * bound) >> 64);
  }

 private:
  std::array<uint64_t, 4> state_;
};

}  // namespace fairlead::load_balancing
