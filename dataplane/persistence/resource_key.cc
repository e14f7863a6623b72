#include "dataplane/persistence/resource_key.h"

#include <string>

#include "api/fingerprint/canonical_bytes.h"
#include "google/protobuf/descriptor.h"

namespace fairlead::persistence {
namespace {

using google::protobuf::FieldDescriptor;

constexpr char kRemove[] = "remove_";

// Null: it is not set, or is of a kind that this version does not know.
const FieldDescriptor* FieldOf(const v1::Operation& operation) {
  if (operation.operation_case() == v1::Operation::OPERATION_NOT_SET) return nullptr;
  return v1::Operation::descriptor()->FindFieldByNumber(operation.operation_case());
}

}  // namespace

bool Removes(const v1::Operation& operation) {
  if (operation.has_set_health()) return operation.set_health().status() == v1::Health::UNKNOWN;
  const FieldDescriptor* const field = FieldOf(operation);
  return field != nullptr && field->name().rfind(kRemove, 0) == 0;
}

ResourceKey KeyOf(const v1::Operation& operation) {
  const FieldDescriptor* const field = FieldOf(operation);
  if (field == nullptr) return {};
  switch (operation.operation_case()) {
    case v1::Operation::kUpsertServer:
      return {v1::Operation::kUpsertServer, operation.upsert_server().backend(),
              operation.upsert_server().server().id()};
    case v1::Operation::kRemoveServer:
      return {v1::Operation::kUpsertServer, operation.remove_server().backend(), operation.remove_server().server()};
    case v1::Operation::kSetHealth:
      return {v1::Operation::kSetHealth, operation.set_health().backend(), operation.set_health().server()};
    default:
      break;
  }
  const google::protobuf::Reflection& reflection = *v1::Operation::GetReflection();
  if (Removes(operation)) {
    const FieldDescriptor* const upsert =
        v1::Operation::descriptor()->FindFieldByName("upsert_" + field->name().substr(sizeof(kRemove) - 1));
    return {upsert->number(), "", reflection.GetString(operation, field)};
  }
  const google::protobuf::Message& resource = reflection.GetMessage(operation, field);
  return {field->number(), "",
          resource.GetReflection()->GetString(resource, resource.GetDescriptor()->FindFieldByName("id"))};
}

const FieldDescriptor* RemovalField(int kind) {
  const google::protobuf::Descriptor& fields = *v1::Operation::descriptor();
  const std::string& upsert = fields.FindFieldByNumber(kind)->name();
  return fields.FindFieldByName(kRemove + upsert.substr(upsert.find('_') + 1));
}

v1::Operation RemovalOf(const ResourceKey& key) {
  v1::Operation operation;
  if (key.kind == v1::Operation::kSetHealth) {
    operation.mutable_set_health()->set_backend(key.backend);
    operation.mutable_set_health()->set_server(key.id);
  } else if (key.kind == v1::Operation::kUpsertServer) {
    operation.mutable_remove_server()->set_backend(key.backend);
    operation.mutable_remove_server()->set_server(key.id);
  } else {
    v1::Operation::GetReflection()->SetString(&operation, RemovalField(key.kind), key.id);
  }
  return operation;
}

v1::Operation UpsertOfSettings(const v1::Backend& backend) {
  api::CanonicalBackend parts;
  parts.Split(backend);
  v1::Operation operation;
  operation.mutable_upsert_backend()->ParseFromString(parts.settings());
  return operation;
}

const FieldDescriptor* FieldInSnapshot(const v1::Operation& operation) {
  const FieldDescriptor* const field = FieldOf(operation);
  if (field == nullptr || field->message_type() == nullptr) return nullptr;
  const google::protobuf::Descriptor& snapshot = *v1::Snapshot::descriptor();
  for (int i = 0; i < snapshot.field_count(); ++i) {
    if (snapshot.field(i)->message_type() == field->message_type()) return snapshot.field(i);
  }
  return nullptr;
}

const FieldDescriptor* FieldInOperation(const FieldDescriptor& in_snapshot) {
  const google::protobuf::Descriptor& operation = *v1::Operation::descriptor();
  for (int i = 0; i < operation.field_count(); ++i) {
    if (operation.field(i)->message_type() == in_snapshot.message_type()) return operation.field(i);
  }
  return nullptr;
}

}  // namespace fairlead::persistence
