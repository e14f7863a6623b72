#include "dataplane/control/conversion_to_proto.h"

namespace fairlead::control {

v1::Server ToProto(const config::Server& server) {
  v1::Server message;
  message.set_id(server.id);
  message.set_address(server.address.ToString());
  if (server.has_weight) message.set_weight(server.weight);
  message.set_admin_state(ToProto(server.admin_state));
  if (server.extras == nullptr) return message;
  const config::ServerExtras& extras = *server.extras;
  if (extras.max_connections != config::kNoLimit) message.set_max_connections(extras.max_connections);
  if (extras.max_requests != config::kNoLimit) message.set_max_requests(extras.max_requests);
  message.mutable_labels()->insert(extras.labels.begin(), extras.labels.end());
  return message;
}

v1::Server::AdminState ToProto(config::AdminState state) {
  switch (state) {
    case config::AdminState::kReady:
      return v1::Server::READY;
    case config::AdminState::kDrain:
      return v1::Server::DRAIN;
    case config::AdminState::kMaint:
      return v1::Server::MAINT;
  }
  return v1::Server::READY;
}

v1::Health::Status ToProto(config::Health health) {
  switch (health) {
    case config::Health::kUnknown:
      return v1::Health::UNKNOWN;
    case config::Health::kUp:
      return v1::Health::UP;
    case config::Health::kDegraded:
      return v1::Health::DEGRADED;
    case config::Health::kDown:
      return v1::Health::DOWN;
  }
  return v1::Health::UNKNOWN;
}

config::Health FromProto(v1::Health::Status status) {
  switch (status) {
    case v1::Health::UP:
      return config::Health::kUp;
    case v1::Health::DEGRADED:
      return config::Health::kDegraded;
    case v1::Health::DOWN:
      return config::Health::kDown;
    default:
      return config::Health::kUnknown;
  }
}

}  // namespace fairlead::control
