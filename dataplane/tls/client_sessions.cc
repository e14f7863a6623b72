#include "dataplane/tls/client_sessions.h"

#include <ctime>

#include "dataplane/tls/openssl.h"

namespace fairlead::tls {

ClientSessions::~ClientSessions() {
  for (SSL_SESSION* session : sessions_) SSL_SESSION_free(session);
}

void ClientSessions::Put(SSL_SESSION* session) {
  if (sessions_.size() == kMost) {
    SSL_SESSION_free(sessions_.front());
    sessions_.erase(sessions_.begin());
  }
  sessions_.push_back(session);
}

void ClientSessions::LeaveIn(ClientSessions* sessions, SSL* connection) { SSL_set_app_data(connection, sessions); }

int ClientSessions::OnNewSession(SSL* connection, SSL_SESSION* session) {
  auto* sessions = static_cast<ClientSessions*>(SSL_get_app_data(connection));
  if (sessions == nullptr) return 0;
  sessions->Put(session);
  return 1;
}

SSL_SESSION* ClientSessions::Take() {
  while (!sessions_.empty()) {
    SSL_SESSION* session = sessions_.back();
    const bool expired = SSL_SESSION_get_time(session) + SSL_SESSION_get_timeout(session) <= std::time(nullptr);
    const bool usable = !expired && SSL_SESSION_is_resumable(session) == 1;
    if (usable && SSL_SESSION_get_protocol_version(session) != TLS1_3_VERSION) {
      SSL_SESSION_up_ref(session);
      return session;
    }
    sessions_.pop_back();
    if (usable) return session;
    SSL_SESSION_free(session);
  }
  return nullptr;
}

}  // namespace fairlead::tls
