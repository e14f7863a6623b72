#pragma once

#include <cstdint>

#include "dataplane/access_log/worker_log.h"
#include "dataplane/proxy/date_cache.h"
#include "dataplane/proxy/snapshot_pins.h"
#include "dataplane/upstream/backends.h"
#include "dataplane/upstream/environment.h"

namespace fairlead::http::h2 {
class ServerContext;
}

namespace fairlead::proxy {

class ExchangePool;
class HandshakeHelpers;

// What the connections and exchanges of one worker share. Owned by the worker, outlives them all.
struct Environment : upstream::Environment {
  upstream::Backends* backends;
  SnapshotPins* snapshots;
  ExchangePool* exchanges;
  DateCache* date;
  http::h2::ServerContext* http2;
  HandshakeHelpers* handshake_helpers = nullptr;  // where listeners have TLS
  access_log::WorkerLog* access_log = nullptr;    // null: the proxy logs nothing
  uint64_t relayed = 0;                           // pieces that TCP connections have received
};

}  // namespace fairlead::proxy
