#pragma once

#include <cstddef>

#include "dataplane/access_log/escape.h"
#include "dataplane/net/address.h"

namespace fairlead::access_log {

// The most that AppendAddress writes.
inline constexpr size_t kMaxAddressText = 256;

// Writes what net::Address::ToString gives, without allocating, in 100 to 300 instructions, at `out`; returns
// the end. Paths of unix sockets are escaped, and cut.
char* AppendAddress(const net::Address& address, Escaping escaping, char* out);

}  // namespace fairlead::access_log
