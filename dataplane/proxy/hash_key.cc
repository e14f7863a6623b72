#include "dataplane/proxy/hash_key.h"

#include <netinet/in.h>

#include <string_view>

#include "dataplane/http/ascii.h"
#include "dataplane/load_balancing/stable_hash.h"
#include "dataplane/routing/query_parameters.h"

namespace fairlead::proxy {
namespace {

using load_balancing::HashOf;
using Part = config::HashKey::Part;

std::optional<uint64_t> HashOfText(std::string_view text) {
  if (text.empty()) return std::nullopt;
  return HashOf(text);
}

// IPv4 within IPv6 is IPv4.
std::optional<uint64_t> HashOfAddress(const net::Address& address) {
  const auto hash = [](const void* bytes, size_t size) { return HashOf({static_cast<const char*>(bytes), size}); };
  if (address.family() == AF_INET) {
    return hash(&reinterpret_cast<const sockaddr_in*>(address.get())->sin_addr, sizeof(in_addr));
  }
  if (address.family() != AF_INET6) return std::nullopt;
  const in6_addr& ip = reinterpret_cast<const sockaddr_in6*>(address.get())->sin6_addr;
  constexpr size_t kPrefix = sizeof(in6_addr) - sizeof(in_addr);
  return IN6_IS_ADDR_V4MAPPED(&ip) ? hash(ip.s6_addr + kPrefix, sizeof(in_addr)) : hash(&ip, sizeof(ip));
}

// All lines of the field, one after another.
std::optional<uint64_t> HashOfField(const http::RequestHead& request, std::string_view name) {
  if (name == "host") return HashOfText(request.Get(request.authority));
  std::optional<uint64_t> hash;
  for (const http::FieldList::Field& field : request.fields) {
    if (field.value_size == 0 || !http::EqualsIgnoreCase(request.fields.name(field), name)) continue;
    hash = HashOf(request.fields.value(field), hash.value_or(0));
  }
  return hash;
}

// Pairs "name=value" between "; " (RFC 6265 §5.4), whose names differ in case. The first of that name, as it stands.
std::string_view FindCookie(std::string_view cookies, std::string_view name) {
  while (!cookies.empty()) {
    const size_t end = cookies.find(';');
    std::string_view pair = cookies.substr(0, end);
    cookies.remove_prefix(end == std::string_view::npos ? cookies.size() : end + 1);
    while (pair.starts_with(' ')) pair.remove_prefix(1);
    if (pair.size() > name.size() && pair[name.size()] == '=' && pair.starts_with(name)) {
      return pair.substr(name.size() + 1);
    }
  }
  return {};
}

std::optional<uint64_t> HashOfCookie(const http::RequestHead& request, std::string_view name) {
  for (const http::FieldList::Field& field : request.fields) {
    if (!http::EqualsLowerCase(request.fields.name(field), "cookie")) continue;
    const std::string_view value = FindCookie(request.fields.value(field), name);
    if (!value.empty()) return HashOf(value);
  }
  return std::nullopt;
}

std::optional<uint64_t> HashOfParameter(const http::RequestHead& request, std::string_view name) {
  std::optional<uint64_t> hash;
  routing::AnyParameter(request.query(), name, [&](std::string_view value) {
    const bool escaped = value.find_first_of("%+") != std::string_view::npos;
    hash = escaped ? HashOfText(routing::DecodeParameter(value)) : HashOfText(value);
    return hash.has_value();
  });
  return hash;
}

}  // namespace

std::optional<uint64_t> HashOfRequest(const std::vector<config::HashKey>& keys, const http::RequestHead& request,
                                      const net::Address& source) {
  for (const config::HashKey& key : keys) {
    std::optional<uint64_t> hash;
    switch (key.part) {
      case Part::kHeader:
        hash = HashOfField(request, key.name);
        break;
      case Part::kCookie:
        hash = HashOfCookie(request, key.name);
        break;
      case Part::kQuery:
        hash = HashOfParameter(request, key.name);
        break;
      case Part::kPath:
        hash = HashOfText(request.path());
        break;
      case Part::kSourceAddress:
        hash = HashOfAddress(source);
        break;
    }
    if (hash) return hash;
  }
  return std::nullopt;
}

std::optional<uint64_t> HashOfSource(const std::vector<config::HashKey>& keys, const net::Address& source) {
  for (const config::HashKey& key : keys) {
    if (key.part == Part::kSourceAddress) return HashOfAddress(source);
  }
  return std::nullopt;
}

}  // namespace fairlead::proxy
