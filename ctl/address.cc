#include "ctl/address.h"

#include "api/credentials/credentials.h"
#include "api/yaml/concat.h"
#include "api/yaml/scalars.h"
#include "ctl/printable.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/support/channel_arguments.h"

namespace fairlead::ctl {
namespace {

bool IsUnixPath(std::string_view address) { return address.starts_with("unix:") && address.size() > 5; }

bool IsHostAndPort(std::string_view address) {
  const size_t colon = address.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return false;
  const auto port = api::ParseUnsigned(address.substr(colon + 1));
  const std::string_view host = address.substr(0, colon);
  const bool bracketed = host.front() == '[' && host.back() == ']';
  return port && *port >= 1 && *port <= 65535 && (bracketed || host.find(':') == std::string_view::npos);
}

}  // namespace

absl::StatusOr<std::shared_ptr<grpc::Channel>> MakeChannel(std::string_view address, const api::MutualTls& tls) {
  if (!IsUnixPath(address) && !IsHostAndPort(address)) {
    return absl::InvalidArgumentError(
        api::Concat("the proxy's address is HOST:PORT or unix:PATH, not \"", address, "\""));
  }
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(-1);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  // Each channel connects by itself: gRPC would share connections, and the waiting after failed ones, between them.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  const std::string target = IsUnixPath(address) ? std::string(address) : api::Concat("dns:///", address);
  const auto credentials = api::MakeChannelCredentials(IsUnixPath(address) ? api::MutualTls{} : tls, arguments);
  return grpc::CreateCustomChannel(target, credentials, arguments);
}

std::string WhyUnreachable(const std::string& grpc_message) {
  constexpr std::string_view kLastError = "last error: ";
  const size_t last_error = grpc_message.find(kLastError);
  if (last_error == std::string::npos) return grpc_message;
  const size_t last_part = grpc_message.rfind(": ");
  return grpc_message.substr(last_part + 2);
}

absl::Status NoAnswerError(std::string_view address, std::chrono::nanoseconds timeout) {
  const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(timeout).count();
  return absl::DeadlineExceededError(
      api::Concat("no answer from ", address, " within ", PrintableSpan(static_cast<uint64_t>(milliseconds))));
}

}  // namespace fairlead::ctl
