#pragma once

#include <memory>

#include "dataplane/config/forwarding.h"
#include "dataplane/control/path.h"
#include "dataplane/control/violations.h"
#include "dataplane/http/h2/server_settings.h"
#include "dataplane/http/path_normalizer.h"
#include "fairlead/v1/resources.pb.h"

// Parts of an HttpListener.
namespace fairlead::control {

std::shared_ptr<const config::Forwarding> CompileForwarding(const v1::ForwardingHeaders& message, const Path& place,
                                                            Violations& violations);

// Takes every message: FieldRules has seen to its enum.
http::PathNormalization CompilePathNormalization(const v1::PathNormalization& message);

// How HTTP/2 is spoken.
http::h2::ServerSettings CompileHttp2Listener(const v1::Http2Listener& message, const Path& place,
                                              Violations& violations);

}  // namespace fairlead::control
