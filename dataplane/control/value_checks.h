#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "dataplane/control/path.h"
#include "dataplane/control/violations.h"
#include "dataplane/net/address.h"
#include "dataplane/net/network.h"
#include "google/protobuf/duration.pb.h"
#include "google/protobuf/repeated_field.h"

namespace fairlead::control {

// Checks of single values, as the protos describe them. Each adds what is wrong to `violations` and returns a value
// that the checks after it can go on with.

// An id: 1 to 128 bytes of letters, digits, '.', '_', ':', '-'. False: it is none.
bool CheckId(std::string_view id, const Path& path, Violations& violations);

// "IP:port" or "unix:/path".
std::optional<net::Address> CheckAddress(std::string_view text, const Path& path, Violations& violations);

// Networks ("10.0.0.0/8", "unix"), at most 1,000: the repeated field `field` of the message at `parent`.
net::NetworkSet CheckNetworks(const google::protobuf::RepeatedPtrField<std::string>& texts, const Path& parent,
                              std::string_view field, Violations& violations);

// Whole milliseconds, 1 ms (or `minimum`, of whole seconds) to 24 h.
std::chrono::milliseconds CheckDuration(const google::protobuf::Duration& duration, const Path& path,
                                        Violations& violations,
                                        std::chrono::milliseconds minimum = std::chrono::milliseconds(1));

// `minimum` to `maximum`, both included.
uint32_t CheckRange(uint32_t value, uint32_t minimum, uint32_t maximum, const Path& path, Violations& violations);

// Permissions in octal digits, "0" to "0777".
mode_t CheckFileMode(std::string_view text, const Path& path, Violations& violations);

// At most `maximum` bytes.
void CheckLength(std::string_view text, size_t maximum, const Path& path, Violations& violations);

}  // namespace fairlead::control
