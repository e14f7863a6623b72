#include "dataplane/control/find_server.h"

#include "dataplane/control/conversion_to_proto.h"

namespace fairlead::control {

const config::Server* FindServer(const Store& store, std::string_view backend, std::string_view server) {
  const auto slot = store.backends().Find(backend);
  if (!slot) return nullptr;
  const auto server_slot = store.servers(*slot).Find(server);
  return server_slot ? store.snapshot()->backends[*slot]->servers[*server_slot].get() : nullptr;
}

std::optional<v1::Server> FindServerAsSent(const Store& store, std::string_view backend, std::string_view server) {
  const config::Server* const found = FindServer(store, backend, server);
  if (found == nullptr) return std::nullopt;
  const config::BackendSlot slot = *store.backends().Find(backend);
  if (const v1::Server* message = store.FindServerMessage(slot, *store.servers(slot).Find(server))) return *message;
  return ToProto(*found);
}

}  // namespace fairlead::control
