#pragma once

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"

namespace fairlead::net {

// The address of a stream socket: IPv4 or IPv6 with a port, or the path of a unix socket. A value of 32 bytes; paths
// take an allocation more. Read and written as
//
//   127.0.0.1:80    [::1]:80    [fe80::1%2]:80 (with an interface's index)    unix:/run/app.sock
//
// Names are not resolved: whoever programs the proxy sends addresses.
class Address {
 public:
  Address();  // 0.0.0.0:0
  Address(const Address& other);
  Address(Address&& other) noexcept;
  Address& operator=(Address other) noexcept;
  ~Address();

  // Errors: INVALID_ARGUMENT, in words that can follow a field's path and a colon:
  // `not an IP:port or unix path: "10.0.0.300:80"`.
  static absl::StatusOr<Address> Parse(std::string_view text);
  // From what the kernel says (accept, getsockname); empty for other families. A unix socket that has no path, as that
  // of a client, gives a unix address with an empty path.
  static std::optional<Address> FromSockaddr(const sockaddr* address, socklen_t length);

  // AF_INET, AF_INET6 or AF_UNIX.
  sa_family_t family() const { return storage_.any.sa_family; }
  // 0 for unix sockets.
  uint16_t port() const;
  // Empty for IP addresses.
  std::string_view path() const;

  // For connect and bind; as long as this object lives unchanged.
  const sockaddr* get() const;
  socklen_t length() const;

  // What Parse reads.
  std::string ToString() const;

  friend bool operator==(const Address& a, const Address& b) { return a.bytes() == b.bytes(); }
  template <typename H>
  friend H AbslHashValue(H state, const Address& address) {
    return H::combine(std::move(state), address.bytes());
  }

 private:
  // A unix address: `address` is nullptr for an empty path, else owned.
  struct UnixStorage {
    sa_family_t family;
    sockaddr_un* address;
  };

  static absl::StatusOr<Address> FromPath(std::string_view path);
  // What tells it from other addresses: its sockaddr, of which no byte is left to chance.
  std::string_view bytes() const { return {reinterpret_cast<const char*>(get()), length()}; }

  union {
    sockaddr any;
    sockaddr_in v4;
    sockaddr_in6 v6;
    UnixStorage un;
  } storage_;
};

}  // namespace fairlead::net
