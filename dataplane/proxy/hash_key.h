#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "dataplane/config/hashing.h"
#include "dataplane/http/message.h"
#include "dataplane/net/address.h"

namespace fairlead::proxy {

// What a request, or a connection, is balanced by: the hash of the first of `keys` that it has, with a value that is
// not empty; none: it has none of them. Allocates only for a parameter of a query that has escapes.

// `source`: of the client, as the listener says who that is.
std::optional<uint64_t> HashOfRequest(const std::vector<config::HashKey>& keys, const http::RequestHead& request,
                                      const net::Address& source);

// Of a connection of which nothing is known but where it comes from.
std::optional<uint64_t> HashOfSource(const std::vector<config::HashKey>& keys, const net::Address& source);

}  // namespace fairlead::proxy
