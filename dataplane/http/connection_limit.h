#pragma once

#include <cstdint>

namespace fairlead::http {

// What a client with many streams on one connection ran into, beside the limits of single requests (request_limit.h):
// so that each can be counted by its name.
enum class ConnectionLimit : uint8_t {
  kConcurrentStreams,  // a stream was refused
  kResets,             // the connection was closed, as with the next three
  kControlFrames,
  kContinuations,
  kHeaderTimeout,
  kRequestTimeout,  // a request was answered 408, or its stream reset
  kSlowBody,        // likewise
  kSlowReader,      // a stream was reset: the client keeps its window shut
  kReaderTimeout,   // likewise, after all of the response was there
};

}  // namespace fairlead::http
