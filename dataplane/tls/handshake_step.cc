#include "dataplane/tls/handshake_step.h"

#include "dataplane/tls/openssl.h"
#include "dataplane/tls/shared_ciphers.h"

namespace fairlead::tls {
namespace {

std::string Contents(BIO* bio) {
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(bio, &bytes);
  return {bytes, static_cast<size_t>(size)};
}

}  // namespace

HandshakeStep::~HandshakeStep() { SSL_free(tls); }

void HandshakeStep::Run() {
  BIO* const in = BIO_new_mem_buf(input.data(), static_cast<int>(input.size()));
  BIO* const out = BIO_new(BIO_s_mem());
  if (in == nullptr || out == nullptr) {
    BIO_free(in);
    BIO_free(out);
    progress = HandshakeProgress::kFailed;
    failure = Failure{FailureCause::kInternal, "no memory"};
    return;
  }
  BIO_set_mem_eof_return(in, -1);  // more may come
  SSL_set_bio(tls, in, out);
  ERR_clear_error();
  progress = Advance(tls, early.get());
  ForgetTables();
  if (progress == HandshakeProgress::kFailed) failure = TakeFailure(SSL_get_verify_result(tls));
  output = Contents(out);
  input = Contents(in);
}

}  // namespace fairlead::tls
