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
  kTunnel,         // no message: what follows the head goes both ways, each until its sender ends it; responses only
};

// Whether the response to `request_method` has no body whatever its fields say (RFC 9112 §6.3).
constexpr bool NeverHasBody(Method request_method, uint16_t status) {
  return request_method == Method::kHead || status < 200 || status == 204 || status == 304 ||
         (request_method == Method::kConnect && status < 300);
}

// The method whose name, in exactly this case (RFC 9110 §9.1), is `name`.
Method FindMethod(std::string_view name);

// Bytes within a head, by offset from its start.
struct Text {
  uint32_t offset = 0;
  uint32_t size = 0;
};

// A request's head as a codec understood it, whatever the protocol version. Texts and fields are offsets into the bytes
// that the codec keeps for the life of the exchange; SetBase says where they are now.
struct RequestHead {
  Method method = Method::kOther;
  uint8_t minor_version = 1;  // of HTTP/1; 1 for HTTP/2
  bool http2 = false;
  bool keep_alive = true;           // HTTP/1: the client allows another request on this connection
  bool expects_continue = false;    // Expect: 100-continue (RFC 9110 §10.1.1) before a body, HTTP/1.1 and later
  bool connection_options = false;  // HTTP/1: Connection names more than close and keep-alive
  bool connection_upgrade = false;  // HTTP/1.1: Connection names upgrade, so that Upgrade means something
  // HTTP/2's way to ask for a change of protocol (RFC 8441), told in HTTP/1.1's words: GET, connection_upgrade, and an
  // Upgrade field that names the :protocol. Unlike in HTTP/1.1 a response without the change makes no sense: any 2xx
  // would be taken for it.
  bool extended_connect = false;
  BodyFraming framing = BodyFraming::kNone;
  uint64_t content_length = 0;  // with kContentLength
  Text method_text;
  // Origin-form ("/a?b"), or "*", or CONNECT's authority-form. Of an absolute-form target the path and query, as sent:
  // "?b" where the path was empty but the query was not, and nothing at all for OPTIONS without either. path() and the
  // HTTP/1 serializer know these two as "/?b" and "*" (RFC 9112 §3.2.1 and §3.2.4).
  Text target;
  // Host, or the authority of an absolute-form target, which wins (RFC 9112 §3.2.2). Empty only in HTTP/1.0.
  Text authority;
  FieldList fields;

  void SetBase(const char* base) {
    base_ = base;
    fields.set_base(base);
  }
  std::string_view Get(Text text) const { return {base_ + text.offset, text.size}; }
  // The target, or what stands in its place.
  std::string_view target_text() const { return other_target_.empty() ? Get(target) : other_target_; }
  // Puts another target, not longer and not empty, in its place: a normalized one. It must live as long as the head.
  void ReplaceTarget(std::string_view other) { other_target_ = other; }
  // The target without its query, never empty: what routes are matched against.
  std::string_view path() const;
  // What follows the target's first '?'; empty: nothing, or no '?'.
  std::string_view query() const;
  // Back to the state of a new one, keeping allocated room.
  void Clear();

 private:
  const char* base_ = nullptr;
  std::string_view other_target_;
};

// A response's head, as RequestHead.
struct ResponseHead {
  uint16_t status = 0;  // 100 to 599
  uint8_t minor_version = 1;
  bool http2 = false;
  bool keep_alive = true;           // HTTP/1: the server allows another request on this connection
  bool connection_options = false;  // HTTP/1: Connection names more than close and keep-alive
  bool connection_upgrade = false;  // HTTP/1.1: Connection names upgrade
  BodyFraming framing = BodyFraming::kNone;
  uint64_t content_length = 0;  // of Content-Length; with kNone, what it announces to HEAD or with 304
  Text reason;                  // may be empty
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
