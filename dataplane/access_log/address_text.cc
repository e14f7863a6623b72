#include "dataplane/access_log/address_text.h"

#include <arpa/inet.h>

#include <array>
#include <charconv>
#include <cstring>

namespace fairlead::access_log {
namespace {

char* AppendSmall(unsigned number, char* out) {
  if (number >= 100) *out++ = static_cast<char>('0' + number / 100);
  if (number >= 10) *out++ = static_cast<char>('0' + number / 10 % 10);
  *out++ = static_cast<char>('0' + number % 10);
  return out;
}

// RFC 5952 §4: no leading zeros, and the first of the longest runs of two or more zero groups as "::".
char* AppendV6(const in6_addr& address, char* out) {
  std::array<unsigned, 8> groups;
  for (size_t i = 0; i < groups.size(); ++i) groups[i] = address.s6_addr[2 * i] << 8 | address.s6_addr[2 * i + 1];
  size_t zeros_begin = groups.size(), zeros = 1;
  for (size_t i = 0, run = 0; i < groups.size(); ++i) {
    run = groups[i] == 0 ? run + 1 : 0;
    if (run <= zeros) continue;
    zeros = run;
    zeros_begin = i + 1 - run;
  }
  for (size_t i = 0; i < groups.size(); ++i) {
    if (i == zeros_begin) {
      *out++ = ':';
      *out++ = ':';
      i += zeros - 1;
      continue;
    }
    if (i > 0 && i != zeros_begin + zeros) *out++ = ':';
    out = std::to_chars(out, out + 4, groups[i], 16).ptr;
  }
  return out;
}

char* AppendNumber(uint32_t number, char* out) { return std::to_chars(out, out + 10, number).ptr; }

}  // namespace

char* AppendAddress(const net::Address& address, Escaping escaping, char* out) {
  switch (address.family()) {
    case AF_INET: {
      const auto* v4 = reinterpret_cast<const sockaddr_in*>(address.get());
      const uint32_t ip = ntohl(v4->sin_addr.s_addr);
      for (int shift = 24; shift >= 0; shift -= 8) {
        out = AppendSmall(ip >> shift & 0xff, out);
        *out++ = shift > 0 ? '.' : ':';
      }
      return AppendNumber(address.port(), out);
    }
    case AF_INET6: {
      const auto* v6 = reinterpret_cast<const sockaddr_in6*>(address.get());
      *out++ = '[';
      // An IPv4 address in there is written as one: rare enough for the library.
      if (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr) || IN6_IS_ADDR_V4COMPAT(&v6->sin6_addr)) {
        inet_ntop(AF_INET6, &v6->sin6_addr, out, INET6_ADDRSTRLEN);
        out += std::strlen(out);
      } else {
        out = AppendV6(v6->sin6_addr, out);
      }
      if (v6->sin6_scope_id != 0) {
        *out++ = '%';
        out = AppendNumber(v6->sin6_scope_id, out);
      }
      *out++ = ']';
      *out++ = ':';
      return AppendNumber(address.port(), out);
    }
    default: {
      constexpr std::string_view kUnix = "unix:";
      out += kUnix.copy(out, kUnix.size());
      return AppendEscaped(escaping, address.path(), kMaxAddressText - kUnix.size(), out);
    }
  }
}

}  // namespace fairlead::access_log
