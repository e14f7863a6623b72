#pragma once

#include <memory>

#include "dataplane/config/route_actions.h"
#include "dataplane/config/route_match.h"
#include "dataplane/control/path.h"
#include "dataplane/control/regex_cache.h"
#include "dataplane/control/violations.h"
#include "fairlead/v1/resources.pb.h"

namespace fairlead::control {

// What a rule does with the requests that `match` is for.
std::shared_ptr<const config::Redirect> CompileRedirect(const v1::Redirect& message, const config::RouteMatch& match,
                                                        const Path& place, Violations& violations);
std::shared_ptr<const config::Respond> CompileRespond(const v1::Respond& message, const Path& place,
                                                      Violations& violations);
std::shared_ptr<const config::Rewrite> CompileRewrite(const v1::Rewrite& message, const config::RouteMatch& match,
                                                      const Path& place, RegexCache& regexes, Violations& violations);
std::shared_ptr<const config::HeaderChanges> CompileHeaderChanges(const v1::HeaderChanges& message, const Path& place,
                                                                  Violations& violations);

std::shared_ptr<const config::GrpcRetry> CompileGrpcRetry(const v1::GrpcRetry& message, const Path& place,
                                                          Violations& violations);

}  // namespace fairlead::control
