#pragma once

#include <string>
#include <vector>

namespace fairlead::http::h1 {

// Response heads, to a GET request, that must be refused: each wrong in exactly one place.
std::vector<std::string> HostileResponses();

}  // namespace fairlead::http::h1
