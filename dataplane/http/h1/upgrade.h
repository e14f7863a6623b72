#pragma once

#include <span>
#include <string>
#include <string_view>

#include "dataplane/http/message.h"

// Changes of protocol on an HTTP/1.1 connection (RFC 9110 §7.8).
namespace fairlead::http::h1 {

// The first protocol that the Upgrade fields of `fields` name and `allowed` has, in any case; a view of the fields' own
// bytes. Empty: none.
std::string_view FindUpgrade(const FieldList& fields, std::span<const std::string> allowed);

// Whether a 101 says that the connection changes to `protocol`, and to nothing else.
bool ConfirmsUpgrade(const ResponseHead& head, std::string_view protocol);

}  // namespace fairlead::http::h1
