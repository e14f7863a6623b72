#pragma once

#include "dataplane/proxy/client.h"
#include "dataplane/proxy/environment.h"

namespace fairlead::proxy {

// Counts a connection that was accepted. The others are for those that it returned true for: false means that the
// connection is to be closed at once.
bool Admit(Environment* environment, Client& client);

// The connection of `client` has been closed.
void Dismiss(Environment* environment, Client& client);

}  // namespace fairlead::proxy
