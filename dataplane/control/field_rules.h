#pragma once

#include "absl/container/flat_hash_set.h"
#include "dataplane/control/path.h"
#include "dataplane/control/violations.h"

namespace google::protobuf {
class FieldDescriptor;
class Message;
}  // namespace google::protobuf

namespace fairlead::control {

// What is checked of every message alike, by reflection: fields that this version does not do yet are refused
// (UNIMPLEMENTED) where they are set, and so are values of enums that it does not know (INVALID_ARGUMENT). The list
// of what is not done stands in field_rules.cc and nowhere else.
//
// Made once; unchanging afterwards.
class FieldRules {
 public:
  FieldRules();

  // `message` with all that it holds. Repeated messages are named by their `id` where they have one, else by their
  // index. What is not done yet is not looked into.
  void Check(const google::protobuf::Message& message, const Path& path, Violations& violations) const;

  // The fields of `message` itself, without what the messages in them hold.
  void CheckOwnFields(const google::protobuf::Message& message, const Path& path, Violations& violations) const;

  bool IsUnimplemented(const google::protobuf::FieldDescriptor* field) const { return fields_.contains(field); }

 private:
  // False where the field needs no look into what it holds.
  bool CheckField(const google::protobuf::Message& message, const google::protobuf::FieldDescriptor* field,
                  const Path& path, Violations& violations) const;

  absl::flat_hash_set<const google::protobuf::FieldDescriptor*> fields_;
};

}  // namespace fairlead::control
