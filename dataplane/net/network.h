#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/numeric/int128.h"
#include "absl/status/statusor.h"
#include "dataplane/net/address.h"

namespace fairlead::net {

// Addresses that begin with the same bits, or all unix sockets. Read and written as
//
//   10.0.0.0/8    2001:db8::/32    ::1 (the same as ::1/128)    unix
//
// IPv4 and IPv6 are worlds of their own, so that ::/0 holds no IPv4 address; but IPv4 within IPv6 (::ffff:10.0.0.0/104)
// is IPv4. The scope of a link-local address is not looked at. A small value.
class Network {
 public:
  enum class Family : uint8_t { kIpv4, kIpv6, kUnix };

  // Errors: INVALID_ARGUMENT, in words that can follow a field's path and a colon:
  // `not a network such as 10.0.0.0/8, ::1/128 or unix: "10.0.0.0/33"`.
  static absl::StatusOr<Network> Parse(std::string_view text);

  bool Contains(const Address& address) const;

  Family family() const { return family_; }
  // The first and the last address, as numbers; 0 and 0 for unix.
  absl::uint128 first() const { return first_; }
  absl::uint128 last() const { return last_; }

  // What Parse reads, in its shortest form, always with the prefix' length.
  std::string ToString() const;

  friend bool operator==(const Network&, const Network&) = default;

 private:
  Network() = default;

  Family family_ = Family::kUnix;
  uint8_t prefix_length_ = 0;
  absl::uint128 first_ = 0;
  absl::uint128 last_ = 0;
};

// Whether an address lies in one of many networks: O(log n), without an allocation. Unchanging, to be shared by
// threads.
class NetworkSet {
 public:
  // Holds nothing.
  NetworkSet() = default;
  explicit NetworkSet(const std::vector<Network>& networks);

  bool Contains(const Address& address) const;
  bool empty() const { return !unix_ && ipv4_.empty() && ipv6_.empty(); }

  friend bool operator==(const NetworkSet&, const NetworkSet&) = default;

 private:
  template <typename Number>
  struct Range {
    Number first, last;
    friend bool operator==(const Range&, const Range&) = default;
  };

  // In order, with gaps between them.
  std::vector<Range<uint32_t>> ipv4_;
  std::vector<Range<absl::uint128>> ipv6_;
  bool unix_ = false;
};

}  // namespace fairlead::net
