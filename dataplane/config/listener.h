#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/numeric/int128.h"
#include "dataplane/config/access_log.h"
#include "dataplane/config/forwarding.h"
#include "dataplane/config/slots.h"
#include "dataplane/http/h2/server_settings.h"
#include "dataplane/http/path_normalizer.h"
#include "dataplane/metrics/listener_counters.h"
#include "dataplane/net/address.h"
#include "dataplane/net/network.h"
#include "dataplane/net/source_counts.h"
#include "dataplane/tls/server_context.h"

namespace fairlead::net {
struct ListeningSockets;
}

namespace fairlead::routing {
class SniRouter;  // held here, understood there
}

namespace fairlead::config {

// How HTTP is spoken at a listener.
struct HttpSettings {
  RouteTableSlot route_table = 0;
  std::string route_table_id;
  std::chrono::milliseconds idle_timeout{60'000};
  std::chrono::milliseconds header_timeout{10'000};
  uint32_t max_header_bytes = 32 * 1024;
  uint32_t max_header_count = 100;
  uint32_t max_uri_bytes = 8 * 1024;
  uint64_t max_body_bytes = UINT64_MAX;          // of a request
  std::chrono::milliseconds request_timeout{0};  // 0: none
  uint32_t min_client_rate = 0;                  // bytes a second; 0: any rate
  std::shared_ptr<const Forwarding> forwarding;  // null: fields are passed on as they came
  http::PathNormalization path_normalization;
  http::h2::ServerSettings http2;

  // Whether requests are given a time or a rate beyond the header_timeout.
  bool watches_clients() const { return request_timeout.count() != 0 || min_client_rate != 0; }
};

// Where a TCP listener's connections go.
struct TcpSettings {
  BackendSlot backend = 0;
  std::string backend_id;  // empty: those that sni_router knows, and no others, go on
  std::shared_ptr<const routing::SniRouter> sni_router = nullptr;  // null: what connections begin with is not looked at
  std::chrono::milliseconds idle_timeout{3'600'000};
};

// PROXY headers that connections begin with. Unchanging.
struct ProxyProtocolSettings {
  net::NetworkSet trusted_sources;
  std::chrono::milliseconds timeout{5'000};
};

// How a listener speaks TLS. Unchanging.
struct ServerTls {
  std::shared_ptr<const tls::ServerContext> context;
  std::chrono::milliseconds handshake_timeout{10'000};
  bool forward_client_certificate = false;  // in fields of requests
  // That the context is made of.
  std::vector<CertificateSlot> certificates = {};
  std::vector<TrustBundleSlot> trust_bundles = {};
  std::vector<TicketKeysSlot> ticket_keys = {};
};

// An address that clients connect to, and what is spoken there. Immutable.
struct Listener {
  std::string id;
  net::Address address;        // as configured
  net::Address bound_address;  // as the system bound it: the port that 0 became
  mode_t unix_mode = 0600;     // of a unix socket's file
  HttpSettings http;
  std::optional<TcpSettings> tcp;                               // in place of http
  std::shared_ptr<const ProxyProtocolSettings> proxy_protocol;  // null: none is expected
  std::shared_ptr<const ServerTls> tls;                         // null: in the clear
  uint32_t max_connections = 0;                                 // in all workers together; 0: no limit
  uint32_t max_connections_per_source = 0;                      // likewise
  // From the first revision with that limit on the same object.
  std::shared_ptr<net::SourceCounts> sources;
  std::shared_ptr<const AccessLog> access_log;  // null: nothing is logged
  absl::uint128 digest = 0;                     // what it adds to the fingerprint
  // The same object in all revisions in which the listener exists; connections that outlive it keep it, too.
  std::shared_ptr<metrics::ListenerCounters> counters;
  // One descriptor for each worker, which moves its own out when it adopts the first revision that has these sockets,
  // and closes it with the first that has not. The same object for as long as the address stays.
  std::shared_ptr<net::ListeningSockets> sockets;
};

}  // namespace fairlead::config
