#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace fairlead::peer {

struct Field {
  std::string name;
  std::string value;
};

// The first value of the field of that name, in any case; nothing when there is none.
std::optional<std::string_view> FindField(const std::vector<Field>& fields, std::string_view name);

// Whether one of the comma-separated members of the fields of that name is `token`, in any case.
bool ListHas(const std::vector<Field>& fields, std::string_view name, std::string_view token);

// How the end of a body is found (RFC 9112 §6.3).
struct Framing {
  enum class Kind { kNone, kLength, kChunked, kUntilClose };
  Kind kind = Kind::kNone;
  uint64_t length = 0;  // with kLength
};

struct RequestHead {
  std::string raw;  // every byte, with the empty line
  std::string method;
  std::string target;
  int minor_version = 1;
  std::vector<Field> fields;
  Framing framing;
  // Whether the sender will take another response on this connection.
  bool keep_alive = true;
};

struct ResponseHead {
  std::string raw;
  int minor_version = 1;
  int status = 0;
  std::vector<Field> fields;
  Framing framing;
  bool keep_alive = true;
};

// Both take one whole head, up to and with its empty line, and are strict: what a proxy should never send is
// INVALID_ARGUMENT, with what was wrong. Bare CR or LF, NUL, folded lines, space before a colon, a missing or second
// Host, Content-Length twice or beside Transfer-Encoding, codings other than chunked.
absl::StatusOr<RequestHead> ParseRequestHead(std::string raw);
// `request_method` is that of the request that it answers: a response to HEAD has no body.
absl::StatusOr<ResponseHead> ParseResponseHead(std::string raw, std::string_view request_method);

// Lines of "name: value", without the empty line: of a head, or trailers.
absl::StatusOr<std::vector<Field>> ParseFields(std::string_view lines);

}  // namespace fairlead::peer
