#pragma once

#include <string_view>

#include "dataplane/control/path.h"
#include "dataplane/control/violations.h"

namespace fairlead::control {

// Checks of texts that stand in, or are compared with, parts of HTTP messages. Each adds what is wrong to `violations`;
// all of them keep out what could end a line.

// A method or a field's name (RFC 9110 §5.6.2).
void CheckToken(std::string_view text, const Path& path, Violations& violations);

// A field's value, without white space around it (RFC 9110 §5.5).
void CheckFieldValue(std::string_view text, const Path& path, Violations& violations);

// A path, or the beginning of one, as it stands in a request: '/' and then visible ASCII without '?' and '#'.
void CheckPathText(std::string_view text, const Path& path, Violations& violations);

// What may stand anywhere in a path: visible ASCII without '?' and '#'; maybe nothing.
void CheckPathPart(std::string_view text, const Path& path, Violations& violations);

// What Host says: a name or address, maybe with a port (RFC 9110 §7.2).
void CheckAuthority(std::string_view text, const Path& path, Violations& violations);

}  // namespace fairlead::control
