#include "dataplane/control/http_settings_compiler.h"

#include <chrono>
#include <string>
#include <string_view>

#include "dataplane/base/absl_strings.h"
#include "dataplane/control/value_checks.h"
#include "dataplane/health/quote.h"
#include "dataplane/http/scan.h"

namespace fairlead::control {
namespace {

constexpr size_t kMaxPseudonym = 64;

constexpr uint32_t kMaxStreams = 10'000;
constexpr uint32_t kMinWindow = 65'535;
constexpr uint32_t kMaxWindow = 16 * 1024 * 1024;
constexpr uint32_t kMinControlFrames = 100;
constexpr uint32_t kMaxFrames = 1'000'000;
// PINGs and drains are for connections that live.
constexpr std::chrono::milliseconds kMinKeepAlive{1'000};

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
  forwarding->via[2] = "2.0 " + message.via();
  return forwarding;
}

http::PathNormalization CompilePathNormalization(const v1::PathNormalization& message) {
  return {.escaped_slashes = ToEscapedSlashes(message.escaped_slashes()),
          .decode_unreserved = message.decode_unreserved(),
          .merge_slashes = message.merge_slashes(),
          .resolve_dot_segments = message.resolve_dot_segments()};
}

http::h2::ServerSettings CompileHttp2Listener(const v1::Http2Listener& message, const Path& place,
                                              Violations& violations) {
  http::h2::ServerSettings settings;
  settings.off = message.off();
  settings.only = message.only();
  if (settings.off && settings.only) violations.Invalid(Path(place, "only"), "together with off");
  const auto range = [&](uint32_t value, uint32_t minimum, uint32_t maximum, std::string_view field, uint32_t* out) {
    if (value != 0) *out = CheckRange(value, minimum, maximum, Path(place, field), violations);
  };
  range(message.max_concurrent_streams(), 1, kMaxStreams, "max_concurrent_streams", &settings.max_concurrent_streams);
  range(message.stream_window(), kMinWindow, kMaxWindow, "stream_window", &settings.stream_window);
  range(message.connection_window(), kMinWindow, kMaxWindow, "connection_window", &settings.connection_window);
  range(message.max_resets(), 1, kMaxFrames, "max_resets", &settings.max_resets);
  range(message.max_control_frames(), kMinControlFrames, kMaxFrames, "max_control_frames",
        &settings.max_control_frames);
  if (message.has_max_connection_age()) {
    settings.max_connection_age =
        CheckDuration(message.max_connection_age(), Path(place, "max_connection_age"), violations, kMinKeepAlive);
  }
  if (message.has_ping_interval()) {
    settings.ping_interval =
        CheckDuration(message.ping_interval(), Path(place, "ping_interval"), violations, kMinKeepAlive);
  }
  if (message.has_ping_timeout()) {
    settings.ping_timeout = CheckDuration(message.ping_timeout(), Path(place, "ping_timeout"), violations);
  }
  return settings;
}

}  // namespace fairlead::control
