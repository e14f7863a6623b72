#include "dataplane/proxy/grpc.h"

#include <algorithm>
#include <charconv>

#include "dataplane/http/ascii.h"

namespace fairlead::proxy::grpc {
namespace {

constexpr std::string_view kContentType = "application/grpc";
constexpr size_t kMaxTimeoutDigits = 8;

// The value of the first field of this name; HTTP/2's are in lower case.
std::optional<std::string_view> Find(const http::FieldList& fields, std::string_view name) {
  for (const http::FieldList::Field& field : fields) {
    if (field.name_size == name.size() && fields.name(field) == name) return fields.value(field);
  }
  return std::nullopt;
}

std::optional<uint64_t> ParseDecimal(std::string_view digits) {
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return number;
}

}  // namespace

bool IsCall(const http::RequestHead& head) {
  if (!head.http2 || head.method != http::Method::kPost) return false;
  const std::optional<std::string_view> type = Find(head.fields, "content-type");
  if (!type.has_value() || !http::StartsWithIgnoreCase(*type, kContentType)) return false;
  const std::string_view rest = type->substr(kContentType.size());
  return rest.empty() || rest.front() == '+' || rest.front() == ';';
}

std::optional<uint64_t> ParseTimeout(std::string_view value) {
  if (value.size() < 2 || value.size() > kMaxTimeoutDigits + 1) return std::nullopt;
  const std::optional<uint64_t> count = ParseDecimal(value.substr(0, value.size() - 1));
  if (!count.has_value()) return std::nullopt;
  const auto divided = [&](uint64_t by) { return (*count + by - 1) / by; };
  switch (value.back()) {
    case 'H':
      return std::min(*count * 3'600'000, kMaxTimeoutMs);
    case 'M':
      return std::min(*count * 60'000, kMaxTimeoutMs);
    case 'S':
      return std::min(*count * 1'000, kMaxTimeoutMs);
    case 'm':
      return *count;
    case 'u':
      return divided(1'000);
    case 'n':
      return divided(1'000'000);
    default:
      return std::nullopt;
  }
}

std::optional<uint64_t> TimeoutOf(const http::FieldList& fields) {
  const std::optional<std::string_view> value = Find(fields, "grpc-timeout");
  return value.has_value() ? ParseTimeout(*value) : std::nullopt;
}

std::string FormatTimeout(uint64_t milliseconds) {
  constexpr uint64_t kLargestNumber = 99'999'999;
  const uint64_t number = std::max<uint64_t>(milliseconds, 1);
  return number <= kLargestNumber ? std::to_string(number) + 'm' : std::to_string(number / 1'000) + 'S';
}

Status StatusOf(uint16_t http_status) {
  switch (http_status) {
    case 400:
      return Status::kInternal;
    case 401:
      return Status::kUnauthenticated;
    case 403:
      return Status::kPermissionDenied;
    case 404:
    case 405:
    case 501:
      return Status::kUnimplemented;
    case 413:
    case 414:
    case 429:
    case 431:
      return Status::kResourceExhausted;
    case 502:
    case 503:
      return Status::kUnavailable;
    case 408:
    case 504:
      return Status::kDeadlineExceeded;
    default:
      return Status::kUnknown;
  }
}

std::string EncodeMessage(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string message;
  message.reserve(text.size());
  for (const char c : text) {
    if (c >= ' ' && c <= '~' && c != '%') {
      message += c;
      continue;
    }
    const auto byte = static_cast<uint8_t>(c);
    message += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
  }
  // A field's value has no white space around it.
  if (message.starts_with(' ')) message.replace(0, 1, "%20");
  if (message.ends_with(' ')) message.replace(message.size() - 1, 1, "%20");
  return message;
}

std::optional<Status> StatusIn(const http::FieldList& fields) {
  const std::optional<std::string_view> value = Find(fields, "grpc-status");
  const std::optional<uint64_t> number = value.has_value() ? ParseDecimal(*value) : std::nullopt;
  if (!number.has_value() || *number > static_cast<uint64_t>(Status::kUnauthenticated)) return std::nullopt;
  return static_cast<Status>(*number);
}

}  // namespace fairlead::proxy::grpc
