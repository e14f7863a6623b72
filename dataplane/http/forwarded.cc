#include "dataplane/http/forwarded.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>

namespace fairlead::http {
namespace {

// `host` is an address of the family, as text.
std::optional<net::Address> ParseHost(std::string_view host, int family) {
  char text[INET6_ADDRSTRLEN];
  if (host.size() >= sizeof(text)) return std::nullopt;
  host.copy(text, host.size());
  text[host.size()] = '\0';
  if (std::memchr(text, '\0', host.size()) != nullptr) return std::nullopt;
  if (family == AF_INET) {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    if (inet_pton(AF_INET, text, &address.sin_addr) != 1) return std::nullopt;
    return net::Address::FromSockaddr(reinterpret_cast<const sockaddr*>(&address), sizeof(address));
  }
  sockaddr_in6 address = {};
  address.sin6_family = AF_INET6;
  if (inet_pton(AF_INET6, text, &address.sin6_addr) != 1) return std::nullopt;
  return net::Address::FromSockaddr(reinterpret_cast<const sockaddr*>(&address), sizeof(address));
}

// Nothing, or ':' and a port, maybe an obfuscated one (RFC 7239 §6).
bool IsPortSuffix(std::string_view text) {
  if (text.empty()) return true;
  if (text.front() != ':' || text.size() < 2) return false;
  text.remove_prefix(1);
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  return text.front() == '_' || (text.size() <= 5 && std::all_of(text.begin(), text.end(), is_digit));
}

}  // namespace

std::optional<net::Address> ParseNode(std::string_view text) {
  if (text.starts_with('[')) {
    const size_t end = text.find(']');
    if (end == std::string_view::npos || !IsPortSuffix(text.substr(end + 1))) return std::nullopt;
    return ParseHost(text.substr(1, end - 1), AF_INET6);
  }
  const size_t colon = text.find(':');
  if (colon != std::string_view::npos && text.find(':', colon + 1) != std::string_view::npos) {
    return ParseHost(text, AF_INET6);
  }
  if (colon != std::string_view::npos && !IsPortSuffix(text.substr(colon))) return std::nullopt;
  return ParseHost(text.substr(0, colon), AF_INET);
}

bool IsForwardingField(std::string_view name) {
  if (name.size() < 9) return false;
  const char first = ToLower(name.front());
  if (first == 'f') return EqualsFolded(name, "forwarded");
  if (first != 'x') return false;
  return StartsWithFolded(name, "x-forwarded-") || EqualsFolded(name, "x-real-ip") ||
         EqualsFolded(name, "x-request-id");
}

namespace forwarded_internal {

std::string_view TakeUntil(std::string_view* text, char end) {
  bool quoted = false;
  size_t i = 0;
  for (; i < text->size(); ++i) {
    const char c = (*text)[i];
    if (quoted && c == '\\') {
      ++i;
    } else if (c == '"') {
      quoted = !quoted;
    } else if (c == end && !quoted) {
      break;
    }
  }
  const std::string_view taken = text->substr(0, i);
  text->remove_prefix(std::min(i + 1, text->size()));
  return taken;
}

std::string_view ForOf(std::string_view element) {
  std::string_view found;
  int count = 0;
  while (!element.empty()) {
    const std::string_view pair = Trim(TakeUntil(&element, ';'));
    if (!StartsWithIgnoreCase(pair, "for=")) continue;
    found = pair.substr(4);
    ++count;
  }
  if (count != 1) return {};  // RFC 7239 §4: each parameter at most once
  if (!found.starts_with('"')) return found;
  // No address needs an escape.
  if (found.size() < 2 || found.back() != '"') return {};
  return found.substr(1, found.size() - 2);
}

}  // namespace forwarded_internal
}  // namespace fairlead::http
