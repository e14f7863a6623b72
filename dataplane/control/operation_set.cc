#include "dataplane/control/operation_set.h"

#include "dataplane/base/absl_strings.h"

namespace fairlead::control {

OperationSet::Key OperationSet::KeyOf(const v1::Operation& operation) {
  switch (operation.operation_case()) {
    case v1::Operation::kUpsertListener:
      return {v1::Operation::kUpsertListener, operation.upsert_listener().id()};
    case v1::Operation::kRemoveListener:
      return {v1::Operation::kUpsertListener, operation.remove_listener()};
    case v1::Operation::kUpsertRouteTable:
      return {v1::Operation::kUpsertRouteTable, operation.upsert_route_table().id()};
    case v1::Operation::kRemoveRouteTable:
      return {v1::Operation::kUpsertRouteTable, operation.remove_route_table()};
    case v1::Operation::kUpsertBackend:
      return {v1::Operation::kUpsertBackend, operation.upsert_backend().id()};
    case v1::Operation::kRemoveBackend:
      return {v1::Operation::kUpsertBackend, operation.remove_backend()};
    case v1::Operation::kUpsertServer:
      return {v1::Operation::kUpsertServer,
              base::StrCat(operation.upsert_server().backend(), "/", operation.upsert_server().server().id())};
    case v1::Operation::kRemoveServer:
      return {v1::Operation::kUpsertServer,
              base::StrCat(operation.remove_server().backend(), "/", operation.remove_server().server())};
    case v1::Operation::kUpsertCertificate:
      return {v1::Operation::kUpsertCertificate, operation.upsert_certificate().id()};
    case v1::Operation::kRemoveCertificate:
      return {v1::Operation::kUpsertCertificate, operation.remove_certificate()};
    case v1::Operation::kUpsertTrustBundle:
      return {v1::Operation::kUpsertTrustBundle, operation.upsert_trust_bundle().id()};
    case v1::Operation::kRemoveTrustBundle:
      return {v1::Operation::kUpsertTrustBundle, operation.remove_trust_bundle()};
    case v1::Operation::kUpsertTicketKeys:
      return {v1::Operation::kUpsertTicketKeys, operation.upsert_ticket_keys().id()};
    case v1::Operation::kRemoveTicketKeys:
      return {v1::Operation::kUpsertTicketKeys, operation.remove_ticket_keys()};
    case v1::Operation::kUpsertReporter:
      return {v1::Operation::kUpsertReporter, operation.upsert_reporter().id()};
    case v1::Operation::kRemoveReporter:
      return {v1::Operation::kUpsertReporter, operation.remove_reporter()};
    case v1::Operation::kUpsertScope:
      return {v1::Operation::kUpsertScope, operation.upsert_scope().id()};
    case v1::Operation::kRemoveScope:
      return {v1::Operation::kUpsertScope, operation.remove_scope()};
    case v1::Operation::kSetHealth:
      return {v1::Operation::kSetHealth,
              base::StrCat(operation.set_health().backend(), "/", operation.set_health().server())};
    case v1::Operation::OPERATION_NOT_SET:
      break;
  }
  return {0, ""};
}

}  // namespace fairlead::control
