#pragma once

#include <cstdint>

namespace fairlead::http {

// The limits of a request that codecs hold, so that each can be counted by its name.
enum class RequestLimit : uint8_t {
  kNone,  // the request broke the protocol
  kUriBytes,
  kHeaderBytes,
  kHeaderCount,
  kTrailers,  // their bytes or their number
  kChunkExtensionBytes,
};

}  // namespace fairlead::http
