#include "dataplane/control/http_settings_compiler.h"

#include <string>

#include "dataplane/base/absl_strings.h"
#include "dataplane/control/value_checks.h"
#include "dataplane/health/quote.h"
#include "dataplane/http/scan.h"

namespace fairlead::control {
namespace {

constexpr size_t kMaxPseudonym = 64;

http::PathNormalization::EscapedSlashes ToEscapedSlashes(v1::PathNormalization::EscapedSlashes value) {
  switch (value) {
    case v1::PathNormalization::REJECT:
      return http::PathNormalization::EscapedSlashes::kReject;
    case v1::PathNormalization::DECODE:
      return http::PathNormalization::EscapedSlashes::kDecode;
    default:  // others were refused
      return http::PathNormalization::EscapedSlashes::kKeep;
  }
}

}  // namespace

std::shared_ptr<const config::Forwarding> CompileForwarding(const v1::ForwardingHeaders& message, const Path& place,
                                                            Violations& violations) {
  auto forwarding = std::make_shared<config::Forwarding>();
  forwarding->trusted_proxies = CheckNetworks(message.trusted_proxies(), place, "trusted_proxies", violations);
  forwarding->x_forwarded_for = message.x_forwarded_for();
  forwarding->x_forwarded_proto = message.x_forwarded_proto();
  forwarding->x_forwarded_host = message.x_forwarded_host();
  forwarding->forwarded = message.forwarded();
  forwarding->x_request_id = message.x_request_id();
  if (message.via().empty()) return forwarding;
  if (message.via().size() > kMaxPseudonym || !http::IsToken(message.via())) {
    violations.Invalid(Path(place, "via"), base::StrCat("not a token of at most ", kMaxPseudonym,
                                                        " bytes: ", health::Quote(message.via())));
  }
  forwarding->via[0] = "1.0 " + message.via();
  forwarding->via[1] = "1.1 " + message.via();
  return forwarding;
}

http::PathNormalization CompilePathNormalization(const v1::PathNormalization& message) {
  return {.escaped_slashes = ToEscapedSlashes(message.escaped_slashes()),
          .decode_unreserved = message.decode_unreserved(),
          .merge_slashes = message.merge_slashes(),
          .resolve_dot_segments = message.resolve_dot_segments()};
}

}  // namespace fairlead::control
