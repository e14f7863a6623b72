#pragma once

#include "dataplane/proxy/client.h"
#include "dataplane/proxy/environment.h"

namespace fairlead::proxy {

// Who is let in: a listener's limits of connections, which hold over all workers together. Each function counts what it
// decides; a connection that is refused is to be closed at once.

// For a connection that was accepted. Once it returns true, Dismiss is due.
bool Admit(Environment* environment, Client& client);
// For one that was admitted, whose address is known now: the limit of connections from one source.
bool AdmitSource(Environment* environment, Client& client);

// The connection of `client` has been closed.
void Dismiss(Environment* environment, Client& client);

}  // namespace fairlead::proxy
