#pragma once

#include <chrono>
#include <cstdint>

namespace fairlead::http::h2 {

// How HTTP/2 is spoken with a listener's clients (Http2Listener of the API).
struct ServerSettings {
  bool off = false;
  bool only = false;
  uint32_t max_concurrent_streams = 128;
  uint32_t stream_window = 65'535;
  uint32_t connection_window = 1024 * 1024;
  std::chrono::milliseconds max_connection_age{0};  // 0: none
  std::chrono::milliseconds ping_interval{0};       // 0: no PINGs
  std::chrono::milliseconds ping_timeout{10'000};
  uint32_t max_resets = 1'000;
  uint32_t max_control_frames = 10'000;
};

// What a listener gives its clients time for; 0: no limit.
struct ClientTimes {
  uint64_t header_timeout_ms = 0;
  uint64_t request_timeout_ms = 0;
  uint64_t idle_timeout_ms = 0;
  uint32_t min_client_rate = 0;  // bytes a second
};

}  // namespace fairlead::http::h2
