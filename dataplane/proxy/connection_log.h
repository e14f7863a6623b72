#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "dataplane/access_log/worker_log.h"
#include "dataplane/config/slots.h"
#include "dataplane/config/snapshot.h"
#include "dataplane/net/address.h"
#include "dataplane/proxy/client.h"
#include "dataplane/proxy/reason.h"
#include "dataplane/proxy/request_times.h"

namespace fairlead::proxy {

// What a TCP connection notes for its line in the access log. Made only where its listener is logged; owned by the
// connection, on its worker's thread alone. Keeps names of its own, since connections outlive the revisions that know
// their servers.
class ConnectionLog {
 public:
  ConnectionLog() { times_.Start(true); }

  void Balance(uint64_t revision, std::string_view backend) {
    revision_ = revision;
    backend_ = backend;
  }
  // That the client's TLS asks for.
  void SetServerName(std::string_view name) { server_name_ = name; }
  // A server was chosen.
  void Attempt(const config::Server& server);
  void Connected() { times_.Take(RequestTimes::Mark::kConnected); }
  void Received(size_t bytes) { received_ += bytes; }
  void Sent(size_t bytes) { sent_ += bytes; }
  // Why it ends. The first reason counts.
  void Decide(DecidedBy who, Reason reason, std::string_view detail = {});

  void Write(const Client& client, uint32_t attempts, access_log::WorkerLog* log);

 private:
  RequestTimes times_;
  uint64_t revision_ = 0;
  std::string server_name_;
  std::string backend_;
  std::string server_;
  net::Address server_address_;
  uint64_t received_ = 0;
  uint64_t sent_ = 0;
  DecidedBy decided_by_ = DecidedBy::kServer;
  Reason reason_ = Reason::kNone;
  std::string detail_;
};

}  // namespace fairlead::proxy
