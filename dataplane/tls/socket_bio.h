#pragma once

#include <cstddef>

struct bio_st;

namespace fairlead::tls {

class Socket;

// OpenSSL's door to a Socket: it reads what the transport has brought, and writes what the transport is to send,
// without buffers of its own.
struct SocketBio {
  // For `socket`, which outlives it. Null: no memory.
  static bio_st* Create(Socket* socket);

 private:
  static int Read(bio_st* bio, char* room, size_t size, size_t* read);
  static int Write(bio_st* bio, const char* bytes, size_t size, size_t* written);
};

}  // namespace fairlead::tls
