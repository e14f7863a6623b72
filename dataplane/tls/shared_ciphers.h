#pragma once

struct ssl_ctx_st;
struct ssl_method_st;

namespace fairlead::tls {

// A context for connections that share the tables of AES-GCM. OpenSSL has about 1 KiB of them for each direction of
// each connection, and all of it follows from the key. Here a connection keeps its keys alone, and each thread has
// tables, those of the keys that it used last: 256 of them, made when they are needed. A key whose tables are no more
// costs a record some 100 ns.
//
// It is done where OpenSSL lets others add implementations: by a provider ("fairlead"), whose ciphers are those of the
// default provider and do no arithmetic of their own. Nobody gets them who does not ask for that provider, as these
// contexts do. With TLS 1.2, where a cipher's context has a say in nonces, nothing is shared. Null: no memory.
ssl_ctx_st* NewContext(const ssl_method_st* method);

// Lets go of the tables of this thread. For threads that do a step of a connection and give it back: keys go with their
// connection only where it ends on the thread that used them last.
void ForgetTables();

}  // namespace fairlead::tls
