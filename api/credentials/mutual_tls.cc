#include "api/credentials/mutual_tls.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

#include "api/yaml/concat.h"

namespace fairlead::api {
namespace {

struct NamedFile {
  std::string_view flag;
  const std::string& path;
  std::string_view wanted;  // in it
};

absl::Status CheckFile(const NamedFile& file, std::string_view flag_prefix) {
  const auto wrong = [&](std::string_view why) {
    return absl::InvalidArgumentError(Concat(flag_prefix, file.flag, ": ", file.path, ": ", why));
  };
  std::ifstream stream(file.path, std::ios::binary);
  if (!stream) return wrong(std::strerror(errno));
  const std::string text{std::istreambuf_iterator<char>(stream), {}};
  if (stream.bad()) return wrong("can't be read");
  if (text.find(file.wanted) == std::string::npos)
    return wrong(Concat("no PEM: nothing in it says \"", file.wanted, "\""));
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckMutualTls(const MutualTls& tls, std::string_view flag_prefix) {
  const NamedFile files[] = {{"ca", tls.ca, "-----BEGIN CERTIFICATE-----"},
                             {"cert", tls.certificate, "-----BEGIN CERTIFICATE-----"},
                             {"key", tls.key, "PRIVATE KEY-----"}};
  std::string missing;
  bool any = !tls.server_name.empty();
  for (const NamedFile& file : files) {
    if (!file.path.empty()) any = true;
    if (file.path.empty()) Append(missing, missing.empty() ? "" : ", ", flag_prefix, file.flag);
  }
  if (!any) return absl::OkStatus();
  if (!missing.empty()) {
    return absl::InvalidArgumentError(Concat("mTLS needs ", flag_prefix, "ca, ", flag_prefix, "cert and ", flag_prefix,
                                             "key together; missing: ", missing));
  }
  for (const NamedFile& file : files) {
    if (absl::Status status = CheckFile(file, flag_prefix); !status.ok()) return status;
  }
  return absl::OkStatus();
}

std::string ExplainFailure(std::string_view grpc_reason, const MutualTls& tls, std::string_view flag_prefix) {
  // The latter where the end that refuses says so by an alert after its handshake, as Go's does.
  if (grpc_reason.ends_with("Socket closed") || grpc_reason.ends_with("Endpoint read failed")) {
    if (tls.given()) {
      return Concat(grpc_reason, " (it may not trust ", flag_prefix, "cert, or speak no TLS there: its log knows)");
    }
    return Concat(grpc_reason, " (it may want mTLS: ", flag_prefix, "ca, ", flag_prefix, "cert and ", flag_prefix,
                  "key)");
  }
  if (grpc_reason.ends_with("Failed to create security handshaker")) {
    return Concat(flag_prefix, "cert and ", flag_prefix, "key do not belong together, or one is no valid PEM");
  }
  return std::string(grpc_reason);
}

}  // namespace fairlead::api
