#include "dataplane/http/authority.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstdint>

namespace fairlead::http {
namespace {

// RFC 3986 §3.2.2: unreserved and sub-delims. A '%' is looked at on its own.
constexpr std::array<bool, 256> MakeRegisteredNameCharacters() {
  std::array<bool, 256> allowed{};
  for (int c = '0'; c <= '9'; ++c) allowed[c] = true;
  for (int c = 'A'; c <= 'Z'; ++c) allowed[c] = allowed[c - 'A' + 'a'] = true;
  for (char c : std::string_view("-._~!$&'()*+,;=")) allowed[static_cast<uint8_t>(c)] = true;
  return allowed;
}
constexpr std::array<bool, 256> kRegisteredNameCharacters = MakeRegisteredNameCharacters();

bool IsHexDigit(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

// The bytes that a reg-name takes at the start of `text`.
size_t RegisteredNameSize(std::string_view text) {
  const char* const end = text.data() + text.size();
  const char* cursor = text.data();
  while (true) {
    while (cursor != end && kRegisteredNameCharacters[static_cast<uint8_t>(*cursor)]) ++cursor;
    if (end - cursor < 3 || *cursor != '%' || !IsHexDigit(cursor[1]) || !IsHexDigit(cursor[2])) break;
    cursor += 3;
  }
  return cursor - text.data();
}

bool IsIpv6Address(std::string_view text) {
  char terminated[INET6_ADDRSTRLEN];
  if (text.size() >= sizeof(terminated) || text.find('\0') != text.npos) return false;
  *std::copy(text.begin(), text.end(), terminated) = '\0';
  in6_addr address;
  return inet_pton(AF_INET6, terminated, &address) == 1;
}

bool IsPort(std::string_view text) {
  if (text.size() > 5) return false;
  uint32_t port = 0;
  for (char c : text) {
    if (c < '0' || c > '9') return false;
    port = port * 10 + (c - '0');
  }
  return port <= 65535;
}

}  // namespace

bool IsValidAuthority(std::string_view text) {
  size_t host_size;
  if (text.starts_with('[')) {
    const size_t bracket = text.find(']');
    if (bracket == std::string_view::npos || !IsIpv6Address(text.substr(1, bracket - 1))) return false;
    host_size = bracket + 1;
  } else {
    host_size = RegisteredNameSize(text);
    if (host_size == 0) return false;
  }
  const std::string_view rest = text.substr(host_size);
  return rest.empty() || (rest.front() == ':' && IsPort(rest.substr(1)));
}

}  // namespace fairlead::http
