#include "dataplane/proxy/admission.h"

#include <optional>

namespace fairlead::proxy {
namespace {

// One more open connection, unless `limit` (0: none) are.
bool TakePlace(std::atomic<uint32_t>& open, uint32_t limit) {
  uint32_t now = open.load(std::memory_order_relaxed);
  do {
    if (limit != 0 && now >= limit) return false;
  } while (!open.compare_exchange_weak(now, now + 1, std::memory_order_relaxed));
  return true;
}

}  // namespace

bool Admit(Environment* environment, Client& client) {
  ListenerState& listener = *client.listener;
  if (!TakePlace(listener.counters->open_connections, listener.max_connections)) {
    listener.own_counters->refused_connections.Increment();
    return false;
  }
  environment->counters->connections_accepted.Increment();
  listener.own_counters->connections_accepted.Increment();
  environment->counters->connections_open.Increment();
  listener.own_counters->connections_open.Increment();
  return true;
}

bool AdmitSource(Environment* environment, Client& client) {
  ListenerState& listener = *client.listener;
  if (listener.max_connections_per_source == 0) return true;
  const std::optional<net::SourceCounts::Entry> entry = listener.sources->Acquire(
      client.address, listener.max_connections_per_source, static_cast<uint32_t>(environment->worker_index));
  if (!entry.has_value()) {
    listener.own_counters->refused_source_connections.Increment();
    return false;
  }
  client.source = *entry;
  return true;
}

void Dismiss(Environment* environment, Client& client) {
  ListenerState& listener = *client.listener;
  environment->counters->connections_open.Decrement();
  listener.own_counters->connections_open.Decrement();
  listener.counters->open_connections.fetch_sub(1, std::memory_order_relaxed);
  if (client.source != net::SourceCounts::kUntracked) listener.sources->Release(client.source);
}

}  // namespace fairlead::proxy
