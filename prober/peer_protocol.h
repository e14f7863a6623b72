#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "fairlead/v1/prober.pb.h"

namespace fairlead::prober {

// The datagrams between probers: "FLP1", a ProberBeat, and with a key, known to all probers alone, the HMAC-SHA256 of
// what stands before it.

inline constexpr size_t kMaxDatagram = 60'000;

std::string SealBeat(const v1::ProberBeat& beat, std::string_view key);

// nullopt: it is none, or was made by somebody who does not know the key.
std::optional<v1::ProberBeat> OpenBeat(std::string_view datagram, std::string_view key);

}  // namespace fairlead::prober
