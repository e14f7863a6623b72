#include "dataplane/net/network.h"

#include <arpa/inet.h>
#include <endian.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace fairlead::net {
namespace {

using Family = Network::Family;

constexpr absl::uint128 kMappedPrefix = absl::MakeUint128(0, 0xffff00000000);  // ::ffff:0:0/96 (RFC 4291 §2.5.5.2)

// An IP address without its port.
struct Ip {
  Family family;
  absl::uint128 number;
};

absl::uint128 ToNumber(const in6_addr& address) {
  uint64_t high, low;
  std::memcpy(&high, address.s6_addr, sizeof(high));
  std::memcpy(&low, address.s6_addr + sizeof(high), sizeof(low));
  return absl::MakeUint128(be64toh(high), be64toh(low));
}

Ip ToIp(const in_addr& address) { return {Family::kIpv4, ntohl(address.s_addr)}; }

Ip ToIp(const in6_addr& address) {
  const absl::uint128 number = ToNumber(address);
  if ((number >> 32) == (kMappedPrefix >> 32)) return {Family::kIpv4, absl::Uint128Low64(number) & 0xffffffff};
  return {Family::kIpv6, number};
}

// Nothing for unix sockets.
std::optional<Ip> ToIp(const Address& address) {
  switch (address.family()) {
    case AF_INET:
      return ToIp(reinterpret_cast<const sockaddr_in*>(address.get())->sin_addr);
    case AF_INET6:
      return ToIp(reinterpret_cast<const sockaddr_in6*>(address.get())->sin6_addr);
    default:
      return std::nullopt;
  }
}

absl::Status NotANetwork(std::string_view text) {
  return absl::InvalidArgumentError(absl::StrCat("not a network such as 10.0.0.0/8, ::1/128 or unix: \"",
                                                 absl::CHexEscape(std::string(text.substr(0, 64))), "\""));
}

// Ranges of one family, as few as there can be.
template <typename Range>
std::vector<Range> Merge(std::vector<Range> ranges) {
  std::sort(ranges.begin(), ranges.end(),
            [](const Range& a, const Range& b) { return a.first != b.first ? a.first < b.first : a.last > b.last; });
  std::vector<Range> merged;
  for (const Range& range : ranges) {
    // Networks overlap only where one holds the other. Neighbours may stay two.
    if (merged.empty() || range.first > merged.back().last) merged.push_back(range);
  }
  return merged;
}

template <typename Range, typename Number>
bool IsInOneOf(const std::vector<Range>& ranges, Number number) {
  const auto behind = std::upper_bound(ranges.begin(), ranges.end(), number,
                                       [](Number value, const Range& range) { return value < range.first; });
  return behind != ranges.begin() && number <= (behind - 1)->last;
}

}  // namespace

absl::StatusOr<Network> Network::Parse(std::string_view text) {
  Network network;
  if (text == "unix") return network;

  const size_t slash = text.find('/');
  const std::string ip_text(text.substr(0, slash));
  if (ip_text.find('\0') != ip_text.npos) return NotANetwork(text);
  in_addr v4;
  in6_addr v6;
  int bits;  // of the address as it is written
  Ip ip;
  if (inet_pton(AF_INET, ip_text.c_str(), &v4) == 1) {
    bits = 32;
    ip = ToIp(v4);
  } else if (inet_pton(AF_INET6, ip_text.c_str(), &v6) == 1) {
    bits = 128;
    ip = {Family::kIpv6, ToNumber(v6)};
  } else {
    return NotANetwork(text);
  }

  int length = bits;
  if (slash != text.npos) {
    const std::string_view digits = text.substr(slash + 1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), length);
    const bool is_number = error == std::errc() && end == digits.data() + digits.size() && digits[0] != '-' &&
                           (digits.size() == 1 || digits[0] != '0');
    if (!is_number || length > bits) return NotANetwork(text);
  }
  if (bits == 128 && length >= 96 && (ip.number >> 32) == (kMappedPrefix >> 32)) {
    ip = ToIp(v6);
    bits = 32;
    length -= 96;
  }

  // Shifts by all bits are undefined.
  const absl::uint128 all = bits == 32 ? absl::uint128(0xffffffff) : absl::Uint128Max();
  const absl::uint128 host_bits = length == 0 ? all : length == bits ? absl::uint128(0) : all >> length;
  network.family_ = ip.family;
  network.prefix_length_ = static_cast<uint8_t>(length);
  network.first_ = ip.number & ~host_bits;
  network.last_ = ip.number | host_bits;
  if (network.first_ != ip.number) {
    return absl::InvalidArgumentError(absl::StrCat("bits are set behind the prefix: \"", ip_text,
                                                   absl::string_view(text.data() + slash, text.size() - slash),
                                                   "\"; the network is ", network.ToString()));
  }
  return network;
}

bool Network::Contains(const Address& address) const {
  const std::optional<Ip> ip = ToIp(address);
  if (!ip.has_value()) return family_ == Family::kUnix;
  return ip->family == family_ && ip->number >= first_ && ip->number <= last_;
}

std::string Network::ToString() const {
  if (family_ == Family::kUnix) return "unix";
  char text[INET6_ADDRSTRLEN];
  if (family_ == Family::kIpv4) {
    const in_addr v4 = {htonl(static_cast<uint32_t>(first_))};
    inet_ntop(AF_INET, &v4, text, sizeof(text));
  } else {
    const uint64_t high = htobe64(absl::Uint128High64(first_)), low = htobe64(absl::Uint128Low64(first_));
    in6_addr v6;
    std::memcpy(v6.s6_addr, &high, sizeof(high));
    std::memcpy(v6.s6_addr + sizeof(high), &low, sizeof(low));
    inet_ntop(AF_INET6, &v6, text, sizeof(text));
  }
  return absl::StrCat(text, "/", prefix_length_);
}

NetworkSet::NetworkSet(const std::vector<Network>& networks) {
  for (const Network& network : networks) {
    switch (network.family()) {
      case Family::kUnix:
        unix_ = true;
        break;
      case Family::kIpv4:
        ipv4_.push_back({static_cast<uint32_t>(network.first()), static_cast<uint32_t>(network.last())});
        break;
      case Family::kIpv6:
        ipv6_.push_back({network.first(), network.last()});
        break;
    }
  }
  ipv4_ = Merge(std::move(ipv4_));
  ipv6_ = Merge(std::move(ipv6_));
}

bool NetworkSet::Contains(const Address& address) const {
  const std::optional<Ip> ip = ToIp(address);
  if (!ip.has_value()) return unix_;
  if (ip->family == Family::kIpv4) return IsInOneOf(ipv4_, static_cast<uint32_t>(ip->number));
  return IsInOneOf(ipv6_, ip->number);
}

}  // namespace fairlead::net
