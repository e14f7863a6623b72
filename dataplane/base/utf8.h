#pragma once

#include <cstddef>
#include <string_view>

namespace fairlead::base {

// The length in bytes, 1 to 4, of the character that `text` (not empty) begins with; 0 where it begins with none: not
// well-formed by RFC 3629 §4 (overlong forms, surrogates and what lies beyond U+10FFFF included).
size_t Utf8CharacterSize(std::string_view text);

// Whether all of it is well-formed.
bool IsValidUtf8(std::string_view text);

}  // namespace fairlead::base
