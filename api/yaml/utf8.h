#pragma once

#include <cstddef>
#include <string_view>

namespace fairlead::api {

// The length in bytes of the character at the front of `text`; 0 if what stands there is not valid UTF-8 (RFC 3629:
// shortest forms only, no surrogates, nothing beyond U+10FFFF) or `text` is empty.
size_t Utf8Length(std::string_view text);

// Where the first byte stands that is no part of valid UTF-8; npos if all is.
size_t FindInvalidUtf8(std::string_view text);

}  // namespace fairlead::api
