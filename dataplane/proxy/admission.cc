#include "dataplane/proxy/admission.h"

namespace fairlead::proxy {

bool Admit(Environment* environment, Client& client) {
  metrics::ListenerWorkerCounters& counters = *client.listener->own_counters;
  environment->counters->connections_accepted.Increment();
  counters.connections_accepted.Increment();
  environment->counters->connections_open.Increment();
  counters.connections_open.Increment();
  return true;
}

void Dismiss(Environment* environment, Client& client) {
  environment->counters->connections_open.Decrement();
  client.listener->own_counters->connections_open.Decrement();
}

}  // namespace fairlead::proxy
