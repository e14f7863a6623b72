#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/numeric/int128.h"
#include "dataplane/base/persistent_vector.h"
#include "dataplane/config/hashing.h"
#include "dataplane/config/server.h"
#include "dataplane/config/slots.h"
#include "dataplane/metrics/backend_admission.h"
#include "dataplane/metrics/backend_counters.h"
#include "dataplane/tls/client_context.h"

namespace fairlead::load_balancing {
class HashTable;  // held here, understood there
}

namespace fairlead::config {

// What connections to servers begin with.
enum class ProxyProtocol : uint8_t { kNone, kV1, kV2 };

// kHash: by a table, whose kind is BackendSettings::hash_table's.
enum class LoadBalancingPolicy : uint8_t { kRoundRobin, kLeastRequest, kRandom, kHash };

// What is spoken with servers; kAuto: what ALPN chooses, by connection.
enum class BackendProtocol : uint8_t { kHttp1, kHttp2, kAuto };

// How HTTP/2 is spoken with them.
struct BackendHttp2 {
  uint32_t max_concurrent_streams = 100;
  uint32_t stream_window = 65'535;
  uint32_t connection_window = 1'048'576;
  std::chrono::milliseconds ping_interval{0};  // 0: no PINGs
  std::chrono::milliseconds ping_timeout{10'000};

  bool operator==(const BackendHttp2&) const = default;
};

// How connections to them speak TLS. Immutable.
struct BackendTls {
  std::shared_ptr<const tls::ClientContext> http;
  // With kAuto, for what HTTP/2 can't carry: asks for HTTP/1.1 alone. Else null.
  std::shared_ptr<const tls::ClientContext> http1;
  // For connections of TCP listeners, on which no protocol is agreed upon (ALPN). The same object, where HTTP does
  // neither.
  std::shared_ptr<const tls::ClientContext> raw;
  // That it was made of.
  std::vector<CertificateSlot> certificates;
  std::vector<TrustBundleSlot> trust_bundles;
};

// All of a backend but its servers. Immutable, shared between revisions.
struct BackendSettings {
  std::string id;
  LoadBalancingPolicy policy = LoadBalancingPolicy::kRoundRobin;
  // With kHash: what is hashed, the first that a request has; none otherwise.
  std::vector<HashKey> hash_keys;
  HashTableSettings hash_table;
  bool unknown_is_eligible = true;
  std::chrono::milliseconds connect_timeout{5'000};
  std::chrono::milliseconds response_timeout{60'000};
  std::chrono::milliseconds idle_timeout{60'000};
  std::chrono::milliseconds tunnel_idle_timeout{3'600'000};
  uint32_t max_idle_connections = 256;  // for each server and worker
  std::chrono::milliseconds pool_idle_timeout{50'000};
  BackendProtocol protocol = BackendProtocol::kHttp1;
  BackendHttp2 http2;
  // Null: in the clear. The same object in all revisions in which it says the same.
  std::shared_ptr<const BackendTls> tls;
  ProxyProtocol send_proxy_protocol = ProxyProtocol::kNone;
  // What all eligible servers being at their limits means for requests.
  uint32_t queue_length = 0;  // how many may wait, in all workers together
  std::chrono::milliseconds queue_timeout{5'000};
  double panic_threshold = 0;  // the share of eligible servers below which health is not looked at
  absl::uint128 digest = 0;    // what it adds to the fingerprint, without its servers
};

struct Backend {
  std::shared_ptr<const BackendSettings> settings;
  // The same object in all revisions in which the backend exists.
  std::shared_ptr<metrics::BackendCounters> counters;
  std::shared_ptr<metrics::BackendAdmission> admission;
  // By ServerSlot; null where a slot is free.
  base::PersistentVector<ServerPtr> servers;
  // With kHash: the table that was made last, maybe for other servers or settings than these; null: none was yet.
  std::shared_ptr<const load_balancing::HashTable> hash_table;
};

}  // namespace fairlead::config
