#include "dataplane/tls/socket_bio.h"

#include "dataplane/tls/openssl.h"
#include "dataplane/tls/socket.h"

namespace fairlead::tls {
namespace {

long Control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

}  // namespace

int SocketBio::Read(BIO* bio, char* room, size_t size, size_t* read) {
  BIO_clear_retry_flags(bio);
  *read = static_cast<Socket*>(BIO_get_data(bio))->TakeInput(room, size);
  if (*read > 0) return 1;
  BIO_set_retry_read(bio);
  return 0;
}

int SocketBio::Write(BIO* bio, const char* bytes, size_t size, size_t* written) {
  BIO_clear_retry_flags(bio);
  static_cast<Socket*>(BIO_get_data(bio))->AddOutput(bytes, size);
  *written = size;
  return 1;
}

BIO* SocketBio::Create(Socket* socket) {
  static const BIO_METHOD* const method = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "fairlead::tls::Socket");
    BIO_meth_set_read_ex(made, &Read);
    BIO_meth_set_write_ex(made, &Write);
    BIO_meth_set_ctrl(made, &Control);
    return made;
  }();
  BIO* bio = BIO_new(method);
  if (bio == nullptr) return nullptr;
  BIO_set_data(bio, socket);
  BIO_set_init(bio, 1);
  return bio;
}

}  // namespace fairlead::tls
