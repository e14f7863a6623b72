#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "controlplane-mock/clock.h"
#include "controlplane-mock/proxy_session.h"
#include "controlplane-mock/scenario.pb.h"

namespace fairlead::controlplane_mock {

// Does it to the proxy of that session, which has said Hello. A kind of UNSPECIFIED does nothing.
void Misbehave(const Misbehaviour& misbehaviour, ProxySession& session, TimePoint now);

// Reads a list of kinds in lower case, "repeat_id,garbage". INVALID_ARGUMENT for a name that is none, with those that
// are.
absl::StatusOr<std::vector<Misbehaviour>> ParseMisbehaviours(const std::string& comma_separated);

}  // namespace fairlead::controlplane_mock
