#pragma once

#include <memory>

#include "dataplane/config/listener.h"
#include "dataplane/control/compilation.h"
#include "dataplane/control/path.h"
#include "dataplane/tls/server_context.h"

namespace fairlead::control {

// How a listener is to speak TLS: its settings, checked, before the context is made of them.
struct ServerTlsPlan {
  std::shared_ptr<config::ServerTls> tls;  // without its context
  tls::ServerSettings settings;            // of that
  // The transaction changes a certificate or a trust bundle that is named: the context is to be made anew, whether the
  // listener itself changes or not.
  bool renewed = false;
};

// `message`: the listener's, which has TLS.
ServerTlsPlan PlanServerTls(Compilation& compilation, const v1::Listener& message, const Path& place);
// Makes the context. Only of a plan without violations.
std::shared_ptr<const config::ServerTls> MakeServerTls(ServerTlsPlan plan, const Path& place, Violations& violations);

tls::Policy CompilePolicy(v1::ServerTls::Policy policy);

}  // namespace fairlead::control
