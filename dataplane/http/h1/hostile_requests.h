#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::http::h1 {

// A request head that must be refused.
struct HostileRequest {
  std::string bytes;
  uint16_t status;
};

// Heads from the rules of RFC 9110 and 9112 and from the published corpora of request smuggling (CL.TE, TE.CL, TE.TE,
// header injection, host confusion), each wrong in exactly one place, and with the status it deserves.
std::vector<HostileRequest> HostileRequests();

}  // namespace fairlead::http::h1
