#include "api/credentials/credentials.h"

#include "grpcpp/security/tls_certificate_provider.h"
#include "grpcpp/security/tls_credentials_options.h"

namespace fairlead::api {
namespace {

using grpc::experimental::FileWatcherCertificateProvider;

std::shared_ptr<FileWatcherCertificateProvider> Watch(const MutualTls& tls) {
  return std::make_shared<FileWatcherCertificateProvider>(tls.key, tls.certificate, tls.ca, kCredentialsRefreshSeconds);
}

}  // namespace

std::shared_ptr<grpc::ChannelCredentials> MakeChannelCredentials(const MutualTls& tls,
                                                                 grpc::ChannelArguments& arguments) {
  if (!tls.given()) return grpc::InsecureChannelCredentials();
  if (!tls.server_name.empty()) arguments.SetSslTargetNameOverride(tls.server_name);
  grpc::experimental::TlsChannelCredentialsOptions options;
  options.set_certificate_provider(Watch(tls));
  options.watch_root_certs();
  options.watch_identity_key_cert_pairs();
  return grpc::experimental::TlsCredentials(options);
}

std::shared_ptr<grpc::ServerCredentials> MakeServerCredentials(const MutualTls& tls) {
  if (!tls.given()) return grpc::InsecureServerCredentials();
  grpc::experimental::TlsServerCredentialsOptions options(Watch(tls));
  options.watch_root_certs();
  options.watch_identity_key_cert_pairs();
  options.set_cert_request_type(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  return grpc::experimental::TlsServerCredentials(options);
}

}  // namespace fairlead::api
