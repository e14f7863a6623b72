#pragma once

#include <cstdint>
#include <string_view>

#include "dataplane/http/field_list.h"

namespace fairlead::http {

enum class Method : uint8_t { kOther, kGet, kHead, kPost, kPut, kDelete, kConnect, kOptions, kTrace, kPatch };

// RFC 9110 §9.2.2: a request that may be sent twice with the effect of once.
constexpr bool IsIdempotent(Method method) {
  return method != Method::kOther && method != Method::kPost && method != Method::kConnect && method != Method::kPatch;
}

// How the length of a message's body is known (RFC 9112 §6.3; HTTP/2 streams that announce no length are kStreamed).
enum class BodyFraming : uint8_t {
  kNone,           // no body
  kContentLength,  // exactly content_length bytes, 1 or more
  kStreamed,       // until the codec says so: chunked in HTTP/1.1, END_STREAM in HTTP/2
  kUntilClose,     // until the connection ends; responses only
};

// Bytes within a head, by offset from its start.
struct Text {
  uint32_t offset = 0;
  uint32_t size = 0;
};

// A request's head as a codec understood it, whatever the protocol version. Texts and fields are offsets into the bytes
// that the codec keeps for the life of the exchange; base() says where they are now.
struct RequestHead {
  Method method = Method::kOther;
  uint8_t minor_version = 1;        // of HTTP/1; 1 for HTTP/2
  bool keep_alive = true;           // HTTP/1: the client allows another request on this connection
  bool expects_continue = false;    // Expect: 100-continue (RFC 9110 §10.1.1), HTTP/1.1 and later
  BodyFraming framing = BodyFraming::kNone;
  uint64_t content_length = 0;      // with kContentLength
  Text method_text;
  Text target;     // origin-form ("/a?b"), or "*"; an absolute-form target's path and query
  Text authority;  // Host, or the authority of an absolute-form target, which wins (RFC 9112 §3.2.2); may be empty in 1.0
  FieldList fields;

  void SetBase(const char* base) {
    base_ = base;
    fields.set_base(base);
  }
  std::string_view Get(Text text) const { return {base_ + text.offset, text.size}; }
  // Back to the state of a new one, keeping allocated room.
  void Clear();

 private:
  const char* base_ = nullptr;
};

// A response's head, as RequestHead.
struct ResponseHead {
  uint16_t status = 0;           // 100 to 599... as received: three digits
  uint8_t minor_version = 1;
  bool keep_alive = true;        // HTTP/1: the server allows another request on this connection
  BodyFraming framing = BodyFraming::kNone;
  uint64_t content_length = 0;   // with kContentLength
  Text reason;
  FieldList fields;

  void SetBase(const char* base) {
    base_ = base;
    fields.set_base(base);
  }
  std::string_view Get(Text text) const { return {base_ + text.offset, text.size}; }
  void Clear();

 private:
  const char* base_ = nullptr;
};

}  // namespace fairlead::http
