#include "dataplane/access_log/address_text.h"

#include <arpa/inet.h>

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
      inet_ntop(AF_INET6, &v6->sin6_addr, out, INET6_ADDRSTRLEN);
      out += std::strlen(out);
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
