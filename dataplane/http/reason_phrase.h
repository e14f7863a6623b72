#pragma once

#include <cstdint>
#include <string_view>

namespace fairlead::http {

// The phrase that the registry of status codes has for `status` ("Not Found"), or an empty one.
std::string_view ReasonPhrase(uint16_t status);

}  // namespace fairlead::http
