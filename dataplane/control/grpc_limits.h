#pragma once

namespace fairlead::control {

// The largest message, either way: gRPC's own 4 MiB would not hold a snapshot of 100,000 servers, which has 10 MB and
// more.
inline constexpr int kMaxMessageBytes = 256 * 1024 * 1024;

}  // namespace fairlead::control
