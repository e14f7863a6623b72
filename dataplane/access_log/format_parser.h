#pragma once

#include <string>
#include <string_view>

#include "dataplane/config/access_log.h"

namespace fairlead::access_log {

// The most fields that a format may name.
inline constexpr size_t kMaxFormatFields = 128;

// Compiles a format such as "%{client} \"%{method} %{path}\" %{status}" into `log`, whose names of headers are there
// already. "%%" is a '%'; fields are those of FieldNames, and "request_header.NAME" and "response_header.NAME" for the
// names that `log` has, in any case. Returns what is wrong with it, in words; empty: nothing.
std::string ParseFormat(std::string_view format, config::AccessLog* log);

}  // namespace fairlead::access_log
