#include "dataplane/persistence/redo.h"

#include <map>
#include <utility>

#include "dataplane/persistence/resource_key.h"
#include "google/protobuf/descriptor.h"

namespace fairlead::persistence {
namespace {

using google::protobuf::FieldDescriptor;

// Puts an operation in the place of each that is to be found: those that are not stay, as removals.
class Redo {
 public:
  explicit Redo(const v1::Transaction& undo) {
    for (const v1::Operation& operation : undo.operations()) {
      const ResourceKey key = KeyOf(operation);
      if (key.kind != 0) operations_[key] = RemovalOf(key);
    }
  }

  void Find(const v1::Snapshot& snapshot) {
    const google::protobuf::Reflection& reflection = *v1::Snapshot::GetReflection();
    const google::protobuf::Descriptor& fields = *v1::Snapshot::descriptor();
    for (int i = 0; i < fields.field_count(); ++i) {
      const FieldDescriptor& field = *fields.field(i);
      if (field.number() == v1::Snapshot::kBackendsFieldNumber || field.number() == v1::Snapshot::kHealthFieldNumber) {
        continue;
      }
      const FieldDescriptor& upsert = *FieldInOperation(field);
      for (int resource = 0; resource < reflection.FieldSize(snapshot, &field); ++resource) {
        const google::protobuf::Message& message = reflection.GetRepeatedMessage(snapshot, &field, resource);
        if (v1::Operation* operation = At({upsert.number(), "", IdOf(message)})) {
          v1::Operation::GetReflection()->MutableMessage(operation, &upsert)->CopyFrom(message);
        }
      }
    }
    for (const v1::Backend& backend : snapshot.backends()) FindIn(backend);
    for (const v1::HealthState& word : snapshot.health()) {
      if (v1::Operation* operation = At({v1::Operation::kSetHealth, word.backend(), word.server()})) {
        *operation->mutable_set_health() = word;
      }
    }
  }

  std::shared_ptr<const v1::Transaction> Take() && {
    auto transaction = std::make_shared<v1::Transaction>();
    for (auto& [key, operation] : operations_) *transaction->add_operations() = std::move(operation);
    return transaction;
  }

 private:
  static std::string IdOf(const google::protobuf::Message& resource) {
    return resource.GetReflection()->GetString(resource, resource.GetDescriptor()->FindFieldByName("id"));
  }

  v1::Operation* At(const ResourceKey& key) {
    const auto place = operations_.find(key);
    return place == operations_.end() ? nullptr : &place->second;
  }

  void FindIn(const v1::Backend& backend) {
    if (v1::Operation* operation = At({v1::Operation::kUpsertBackend, "", backend.id()})) {
      *operation = UpsertOfSettings(backend);
    }
    // Servers of one backend lie together: where none of it is named, none is looked at.
    const auto first = operations_.lower_bound({v1::Operation::kUpsertServer, backend.id(), ""});
    if (first == operations_.end() || first->first.kind != v1::Operation::kUpsertServer ||
        first->first.backend != backend.id()) {
      return;
    }
    for (const v1::Server& server : backend.servers()) {
      if (v1::Operation* operation = At({v1::Operation::kUpsertServer, backend.id(), server.id()})) {
        v1::UpsertServer& upsert = *operation->mutable_upsert_server();
        upsert.set_backend(backend.id());
        *upsert.mutable_server() = server;
      }
    }
  }

  std::map<ResourceKey, v1::Operation> operations_;
};

}  // namespace

std::shared_ptr<const v1::Transaction> MakeRedo(std::shared_ptr<const v1::Transaction> whole, const std::string& undo) {
  // What was replaced takes about as much as what it was replaced by.
  if (whole->ByteSizeLong() < 2 * undo.size()) return whole;
  v1::Transaction back;
  back.ParseFromString(undo);
  Redo redo(back);
  redo.Find(whole->snapshot());
  return std::move(redo).Take();
}

}  // namespace fairlead::persistence
