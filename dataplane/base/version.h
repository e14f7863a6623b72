#pragma once

namespace fairlead::base {

// Of all programs of this tree; what --version prints and Hello says.
inline constexpr char kVersion[] = "0.1.0";

}  // namespace fairlead::base
