#pragma once

#include <cstdint>
#include <string_view>

#include "dataplane/http/h2/read_result.h"
#include "dataplane/http/message.h"

namespace fairlead::http::h2 {

// What a header block says of its body's length, by Content-Length and by where the stream ends (RFC 9113 §8.1.1).
// Part of a reader, for one block after another.
class BodyLength {
 public:
  void Start() { announced_ = false; }
  // Content-Length came.
  bool announced() const { return announced_; }
  // Content-Length, as it comes: sets `content_length`. Null, or why it is malformed: no number, or a second one.
  const char* Add(std::string_view value, uint64_t* content_length);
  // At the end of the block, for messages that may have a body: sets `framing`, which is kNone so far, unless
  // `content_length` is 0 or the stream has ended. Malformed: it has ended although a body was announced.
  ReadResult Finish(uint64_t content_length, bool end_stream, BodyFraming* framing) const;

 private:
  bool announced_ = false;
};

}  // namespace fairlead::http::h2
