#include "dataplane/net/address.h"

#include <arpa/inet.h>

#include <charconv>
#include <cstddef>
#include <cstring>
#include <limits>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace fairlead::net {
namespace {

// Bytes of a path, which a NUL ends.
constexpr size_t kMaxPathSize = sizeof(sockaddr_un::sun_path) - 1;

std::string Quoted(std::string_view text) { return absl::StrCat("\"", absl::CHexEscape(std::string(text)), "\""); }

absl::Status NotAnAddress(std::string_view text) {
  return absl::InvalidArgumentError(absl::StrCat("not an IP:port or unix path: ", Quoted(text)));
}

// Decimal digits alone, without leading zeros.
template <typename Number>
bool ParseNumber(std::string_view text, Number* number) {
  if (text.empty() || (text.size() > 1 && text[0] == '0')) return false;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *number);
  return error == std::errc() && end == text.data() + text.size();
}

bool ParseIp(int family, std::string_view text, void* ip) {
  char terminated[INET6_ADDRSTRLEN] = {};
  if (text.size() >= sizeof(terminated) || text.find('\0') != text.npos) return false;
  text.copy(terminated, text.size());
  return inet_pton(family, terminated, ip) == 1;
}

}  // namespace

Address::Address() {
  std::memset(&storage_, 0, sizeof(storage_));
  storage_.any.sa_family = AF_INET;
}

Address::Address(const Address& other) : storage_(other.storage_) {
  if (family() == AF_UNIX && storage_.un.address != nullptr) {
    storage_.un.address = new sockaddr_un(*storage_.un.address);
  }
}

Address::Address(Address&& other) noexcept : Address() { std::swap(storage_, other.storage_); }

Address& Address::operator=(Address other) noexcept {
  std::swap(storage_, other.storage_);
  return *this;
}

Address::~Address() {
  if (family() == AF_UNIX) delete storage_.un.address;
}

absl::StatusOr<Address> Address::Parse(std::string_view text) {
  constexpr std::string_view kUnix = "unix:";
  if (text.starts_with(kUnix)) return FromPath(text.substr(kUnix.size()));

  const size_t colon = text.rfind(':');
  Address address;
  uint16_t port;
  if (colon == text.npos || !ParseNumber(text.substr(colon + 1), &port)) return NotAnAddress(text);
  std::string_view host = text.substr(0, colon);

  if (!host.starts_with('[')) {
    if (!ParseIp(AF_INET, host, &address.storage_.v4.sin_addr)) return NotAnAddress(text);
    address.storage_.v4.sin_port = htons(port);
    return address;
  }

  if (!host.ends_with(']')) return NotAnAddress(text);
  host = host.substr(1, host.size() - 2);
  sockaddr_in6& v6 = address.storage_.v6;
  const size_t percent = host.find('%');
  if (percent != host.npos && !ParseNumber(host.substr(percent + 1), &v6.sin6_scope_id)) return NotAnAddress(text);
  if (!ParseIp(AF_INET6, host.substr(0, percent), &v6.sin6_addr)) return NotAnAddress(text);
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(port);
  return address;
}

absl::StatusOr<Address> Address::FromPath(std::string_view path) {
  if (path.empty() || path[0] != '/' || path.find('\0') != path.npos) {
    return NotAnAddress("unix:" + std::string(path));
  }
  if (path.size() > kMaxPathSize) {
    return absl::InvalidArgumentError(absl::StrCat("a unix path has at most ", kMaxPathSize, " bytes: ", Quoted(path)));
  }
  Address address;
  address.storage_.un = {AF_UNIX, new sockaddr_un{}};
  address.storage_.un.address->sun_family = AF_UNIX;
  path.copy(address.storage_.un.address->sun_path, path.size());
  return address;
}

std::optional<Address> Address::FromSockaddr(const sockaddr* from, socklen_t length) {
  Address address;
  if (from->sa_family == AF_INET && length >= sizeof(sockaddr_in)) {
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(from);
    address.storage_.v4.sin_addr = v4->sin_addr;
    address.storage_.v4.sin_port = v4->sin_port;
    return address;
  }
  if (from->sa_family == AF_INET6 && length >= sizeof(sockaddr_in6)) {
    const auto* v6 = reinterpret_cast<const sockaddr_in6*>(from);
    address.storage_.v6.sin6_family = AF_INET6;
    address.storage_.v6.sin6_addr = v6->sin6_addr;
    address.storage_.v6.sin6_port = v6->sin6_port;
    address.storage_.v6.sin6_scope_id = v6->sin6_scope_id;
    return address;
  }
  if (from->sa_family == AF_UNIX) {
    const auto* path = reinterpret_cast<const sockaddr_un*>(from)->sun_path;
    const size_t room = length - offsetof(sockaddr_un, sun_path);
    absl::StatusOr<Address> named = FromPath(std::string_view(path, strnlen(path, room)));
    if (named.ok()) return *std::move(named);
    address.storage_.un = {AF_UNIX, nullptr};
    return address;
  }
  return std::nullopt;
}

uint16_t Address::port() const {
  switch (family()) {
    case AF_INET:
      return ntohs(storage_.v4.sin_port);
    case AF_INET6:
      return ntohs(storage_.v6.sin6_port);
    default:
      return 0;
  }
}

std::string_view Address::path() const {
  if (family() != AF_UNIX || storage_.un.address == nullptr) return {};
  return storage_.un.address->sun_path;
}

const sockaddr* Address::get() const {
  if (path().empty()) return &storage_.any;
  return reinterpret_cast<const sockaddr*>(storage_.un.address);
}

socklen_t Address::length() const {
  switch (family()) {
    case AF_INET:
      return sizeof(sockaddr_in);
    case AF_INET6:
      return sizeof(sockaddr_in6);
    default:
      return static_cast<socklen_t>(path().empty() ? sizeof(sa_family_t)
                                                   : offsetof(sockaddr_un, sun_path) + path().size() + 1);
  }
}

std::string Address::ToString() const {
  char ip[INET6_ADDRSTRLEN];
  switch (family()) {
    case AF_INET:
      inet_ntop(AF_INET, &storage_.v4.sin_addr, ip, sizeof(ip));
      return absl::StrCat(ip, ":", port());
    case AF_INET6: {
      inet_ntop(AF_INET6, &storage_.v6.sin6_addr, ip, sizeof(ip));
      const uint32_t scope = storage_.v6.sin6_scope_id;
      return scope == 0 ? absl::StrCat("[", ip, "]:", port()) : absl::StrCat("[", ip, "%", scope, "]:", port());
    }
    default:
      return "unix:" + std::string(path());
  }
}

}  // namespace fairlead::net
