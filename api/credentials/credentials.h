#pragma once

#include <memory>

#include "api/credentials/mutual_tls.h"
#include "grpcpp/security/credentials.h"
#include "grpcpp/security/server_credentials.h"
#include "grpcpp/support/channel_arguments.h"

namespace fairlead::api {

// How often files are looked at, by a thread of gRPC's. What has changed holds for connections made from then on; files
// that are half written, or no PEM, leave what was there before.
inline constexpr unsigned kCredentialsRefreshSeconds = 1;

// For who dials: `tls` where it is given, else none. `arguments` are those of the channel.
std::shared_ptr<grpc::ChannelCredentials> MakeChannelCredentials(const MutualTls& tls,
                                                                 grpc::ChannelArguments& arguments);
// For who listens: clients without a certificate that the authorities have signed are refused.
std::shared_ptr<grpc::ServerCredentials> MakeServerCredentials(const MutualTls& tls);

}  // namespace fairlead::api
