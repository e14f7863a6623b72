#pragma once

#include <optional>
#include <string_view>

#include "dataplane/control/store.h"
#include "fairlead/v1/resources.pb.h"

namespace fairlead::control {

// Null where there is none.
const config::Server* FindServer(const Store& store, std::string_view backend, std::string_view server);

// The server as it was sent; nothing: there is none.
std::optional<v1::Server> FindServerAsSent(const Store& store, std::string_view backend, std::string_view server);

}  // namespace fairlead::control
