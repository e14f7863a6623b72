#pragma once

#include <cstdint>
#include <string_view>

#include "dataplane/http/h2/body_length.h"
#include "dataplane/http/h2/field_gatherer.h"
#include "dataplane/http/h2/read_result.h"
#include "dataplane/http/head_limits.h"
#include "dataplane/http/message.h"

namespace fairlead::http::h2 {

// Reads the header block of a response, an interim one or the final one (RFC 9113 §8.3.2), into a ResponseHead. The
// mirror of RequestReader, and used like it.
//
// Malformed: what FieldGatherer says; no :status of three digits from 100 to 599, or two, or other pseudo-header
// fields; 101, which HTTP/2 does not have (§8.6); Content-Length that is no number, repeated, or lies; an interim
// response that ends the stream. Beyond the limits: refused.
class ResponseReader {
 public:
  // `limits` outlive the reader.
  explicit ResponseReader(const HeadLimits* limits) : limits_(limits) {}

  // `head` stays in place until Finish, and needs no clearing.
  void Start(ResponseHead* head);
  // False: it was refused, and nothing that follows is looked at.
  bool Add(std::string_view name, std::string_view value, bool never_indexed);
  // `end_stream`: no body follows. A Content-Length of 0 makes the head's framing kNone although the stream may not
  // have ended.
  ReadResult Finish(Method request_method, bool end_stream);

  std::string_view text() const { return gatherer_.text(); }
  size_t capacity() const { return gatherer_.capacity(); }
  void Shrink() { gatherer_.Shrink(); }

 private:
  bool AddStatus(std::string_view value);
  bool AddContentLength(std::string_view value);
  bool Malformed(const char* reason);
  ReadResult FinishBody(Method request_method, bool end_stream);

  const HeadLimits* const limits_;
  FieldGatherer gatherer_;
  BodyLength body_length_;
  ResponseHead* head_ = nullptr;
  bool regular_begun_ = false;
};

}  // namespace fairlead::http::h2
