#pragma once

#include <string>
#include <string_view>

namespace fairlead::health {

// `text` in double quotes for a message: escaped, so that it stays on one line, and cut where it is long.
std::string Quote(std::string_view text);

}  // namespace fairlead::health
