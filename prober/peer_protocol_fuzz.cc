#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "prober/membership.h"
#include "prober/peer_protocol.h"

namespace fairlead::prober {
namespace {

constexpr uint64_t kTimeout = 1'000;

}  // namespace

// Datagrams, each behind its length in two bytes, to one prober; its own beats stay whole whatever it hears.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view input(reinterpret_cast<const char*>(data), size);
  Membership membership("a", 1, kTimeout);
  for (uint64_t now = 1; input.size() >= 2; now += 10) {
    const size_t length = static_cast<unsigned char>(input[0]) | static_cast<unsigned char>(input[1]) << 8;
    input.remove_prefix(2);
    const std::string_view datagram = input.substr(0, length);
    input.remove_prefix(datagram.size());
    OpenBeat(datagram, "key");
    if (const auto beat = OpenBeat(datagram, "")) membership.Take(*beat, now);
    membership.Expire(now);
    const auto own = OpenBeat(SealBeat(membership.MakeBeat({}, false, now), "key"), "key");
    if (!own || own->id() != "a" || membership.members().size() > Membership::kMaxPeers) std::abort();
  }
  return 0;
}

}  // namespace fairlead::prober
