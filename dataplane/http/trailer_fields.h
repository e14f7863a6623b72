#pragma once

#include <string_view>

#include "dataplane/http/field_list.h"

namespace fairlead::http {

// Whether a field may stand in a trailer section (RFC 9110 §6.5.1). Those that frame or route a message, modify a
// request, authenticate, or say how to read the content came too late for whoever acted without them, and are dangerous
// to whoever merges trailers into the header, with '_' for '-' too: both codecs treat a message that carries one as
// malformed. `known` is FindKnownField(name).
bool IsAllowedInTrailers(std::string_view name, KnownField known);

}  // namespace fairlead::http
