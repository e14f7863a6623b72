#pragma once

#include <cstdint>
#include <optional>

namespace fairlead::net {

// The user id of the process that connected a unix socket (unix(7), SO_PEERCRED), as it was then. None for other
// sockets.
std::optional<uint32_t> UnixPeerUid(int fd);

}  // namespace fairlead::net
