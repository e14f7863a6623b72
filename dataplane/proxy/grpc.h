#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "dataplane/http/field_list.h"
#include "dataplane/http/message.h"

// What the proxy knows of gRPC over HTTP/2 (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md): how long a
// call may take, how a status is told, and which status an answer has.
namespace fairlead::proxy::grpc {

// https://github.com/grpc/grpc/blob/master/doc/statuscodes.md
enum class Status : uint8_t {
  kOk = 0,
  kCancelled = 1,
  kUnknown = 2,
  kInvalidArgument = 3,
  kDeadlineExceeded = 4,
  kNotFound = 5,
  kAlreadyExists = 6,
  kPermissionDenied = 7,
  kResourceExhausted = 8,
  kFailedPrecondition = 9,
  kAborted = 10,
  kOutOfRange = 11,
  kUnimplemented = 12,
  kInternal = 13,
  kUnavailable = 14,
  kDataLoss = 15,
  kUnauthenticated = 16,
};

// Whether the request is a call: HTTP/2, POST, Content-Type application/grpc or one of its kinds (+proto), which
// gRPC-Web is not.
bool IsCall(const http::RequestHead& head);

// The longest time that a grpc-timeout can say is beyond what one needs: a year.
inline constexpr uint64_t kMaxTimeoutMs = 365ull * 24 * 3600 * 1000;
// The milliseconds that a grpc-timeout ("100m", "5S") says, rounded up. Nothing: it is malformed.
std::optional<uint64_t> ParseTimeout(std::string_view value);
// That of a call; nothing: it has none, or a malformed one, which is left to its server.
std::optional<uint64_t> TimeoutOf(const http::FieldList& fields);
// As a grpc-timeout, at least 1 ms.
std::string FormatTimeout(uint64_t milliseconds);

// What the proxy's own answer of `http_status` is as a status. Close to what clients make of such an answer from
// anybody (https://github.com/grpc/grpc/blob/master/doc/http-grpc-status-mapping.md), but a limit is told as one.
Status StatusOf(uint16_t http_status);
// `text` as a grpc-message: percent-encoded but for visible ASCII and spaces.
std::string EncodeMessage(std::string_view text);

// The status of a response that is trailers-only, as its head says (grpc-status); nothing: the head says none.
std::optional<Status> StatusIn(const http::FieldList& fields);

}  // namespace fairlead::proxy::grpc
