#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "dataplane/net/address.h"

namespace fairlead::net {

// The PROXY protocol, versions 1 and 2: bytes in, a header out, and the other way round. Section numbers are those of
// https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt.

// What the beginning of a connection says of where it comes from.
struct ProxyHeader {
  // Both or none: none where the sender does not know, or speaks for itself (UNKNOWN, LOCAL, UNSPEC, UDP). Then the
  // connection's own addresses stand.
  std::optional<Address> source;
  std::optional<Address> destination;
  // Of version 2, as they came, without the checksum; there may be some without addresses.
  std::string tlvs;
};

struct ProxyHeaderResult {
  enum class Status : uint8_t { kIncomplete, kDone, kMalformed };
  Status status;
  // With kDone: of the header. What follows is the connection's own.
  size_t size = 0;
  // With kMalformed: what is wrong.
  const char* error = nullptr;
};

// The longest header that there can be (§2.2).
constexpr size_t kMaxProxyHeaderSize = 16 + 65535;

// Reads the header at the beginning of `bytes`, all that have come so far. Bytes that can't become a header are refused
// with the first that shows it. Until it is complete a call costs no more than the 107 bytes of version 1 do.
ProxyHeaderResult ParseProxyHeader(std::string_view bytes, ProxyHeader* header);

// Headers that say so. Where the two are not of IPv4, or both of IPv6, they say UNKNOWN, or UNSPEC.
std::string WriteProxyHeaderV1(const Address& source, const Address& destination);
// With a checksum (§2.2.3). `tlvs`: of another header; they fit beside the addresses, or are left out.
std::string WriteProxyHeaderV2(const Address& source, const Address& destination, std::string_view tlvs);

}  // namespace fairlead::net
