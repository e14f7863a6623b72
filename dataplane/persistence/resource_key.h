#pragma once

#include <compare>
#include <string>

#include "fairlead/v1/resources.pb.h"
#include "fairlead/v1/transaction.pb.h"

namespace fairlead::persistence {

// Names a resource. Kinds are told by the descriptors of the API: "upsert_x" and "remove_x" of Operation, and the field
// of Snapshot that holds x, belong together, so that a new kind is saved like the others.
struct ResourceKey {
  int kind = 0;         // the number of the operation's upsert field, or of set_health
  std::string backend;  // of a server, or of a word on its health
  std::string id;

  auto operator<=>(const ResourceKey&) const = default;
};

// Of an operation that says something; kind 0: it says nothing that is known.
ResourceKey KeyOf(const v1::Operation& operation);
// Whether it takes away what the key names.
bool Removes(const v1::Operation& operation);

// The field of Operation that removes a resource of this kind; null for servers and words.
const google::protobuf::FieldDescriptor* RemovalField(int kind);
// The operation that takes away what the key names.
v1::Operation RemovalOf(const ResourceKey& key);
// The operation that gives a backend its settings, without its servers.
v1::Operation UpsertOfSettings(const v1::Backend& backend);

// The field of Snapshot that holds what this operation would put there. Null: none does (servers lie in backends), or
// it puts nothing.
const google::protobuf::FieldDescriptor* FieldInSnapshot(const v1::Operation& operation);
// The field of Operation that puts there what this field of Snapshot holds.
const google::protobuf::FieldDescriptor* FieldInOperation(const google::protobuf::FieldDescriptor& in_snapshot);

}  // namespace fairlead::persistence
