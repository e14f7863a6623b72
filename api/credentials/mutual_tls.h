#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace fairlead::api {

// Files in PEM by which both ends of a connection prove who they are (mTLS). All three, or none.
struct MutualTls {
  std::string ca;           // certificates of those who must have signed the other end's
  std::string certificate;  // this end's, followed by those that signed it
  std::string key;          // this end's
  // For who dials: the name that the other end's certificate must have. Empty: the name or address that is dialled.
  std::string server_name;

  bool given() const { return !ca.empty(); }
};

// INVALID_ARGUMENT where some of the flags PREFIXca, PREFIXcert and PREFIXkey are missing ("--control_": as in
// --control_ca), or where a file that they name can't be read, or is no PEM.
absl::Status CheckMutualTls(const MutualTls& tls, std::string_view flag_prefix);

// Why a connection over TCP was not made, with what gRPC's reason may mean: the end that refuses a certificate closes
// without a word.
std::string ExplainFailure(std::string_view grpc_reason, const MutualTls& tls, std::string_view flag_prefix);

}  // namespace fairlead::api
