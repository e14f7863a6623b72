#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "api/credentials/mutual_tls.h"
#include "grpcpp/channel.h"

namespace fairlead::ctl {

// A channel to the proxy. `address` is "HOST:PORT" or "unix:PATH"; INVALID_ARGUMENT if it is neither. Speaks mTLS where
// `tls` is given, but on unix sockets. Does not connect yet. No HTTP proxy of the environment is used, and messages may
// have any size.
absl::StatusOr<std::shared_ptr<grpc::Channel>> MakeChannel(std::string_view address, const api::MutualTls& tls);

// Why a call over the channel failed, in a few words: of gRPC's "failed to connect to all addresses; last error:
// UNKNOWN: …: Connection refused" the end.
std::string WhyUnreachable(const std::string& grpc_message);

// DEADLINE_EXCEEDED: nothing came within a command's time.
absl::Status NoAnswerError(std::string_view address, std::chrono::nanoseconds timeout);

}  // namespace fairlead::ctl
