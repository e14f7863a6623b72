#pragma once

#include <cstddef>
#include <memory>
#include <vector>

struct ssl_session_st;
struct ssl_st;

namespace fairlead::tls {

// Sessions that a server has given, for connections to come. For servers that are one: of one address, asked for by one
// context. One worker's, for its thread alone; held by its sockets, too.
class ClientSessions {
 public:
  ClientSessions() = default;
  ~ClientSessions();
  ClientSessions(const ClientSessions&) = delete;
  ClientSessions& operator=(const ClientSessions&) = delete;

  // Takes over a reference.
  void Put(ssl_session_st* session);
  // The newest that is of use, with a reference for the caller; null: none. One of TLS 1.3 is given once (RFC 8446
  // §C.4).
  ssl_session_st* Take();
  // Where `connection`, which `sessions` (null: none) outlives, leaves sessions that its server gives, if its context
  // tells OnNewSession of them.
  static void LeaveIn(ClientSessions* sessions, ssl_st* connection);
  static int OnNewSession(ssl_st* connection, ssl_session_st* session);

  size_t size() const { return sessions_.size(); }

 private:
  static constexpr size_t kMost = 4;

  std::vector<ssl_session_st*> sessions_;  // the newest last
};

}  // namespace fairlead::tls
