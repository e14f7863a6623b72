#include "dataplane/control/field_rules.h"

#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_join.h"
#include "dataplane/base/absl_strings.h"
#include "fairlead/v1/transaction.pb.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"

namespace fairlead::control {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::DescriptorPool;
using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

constexpr std::string_view kUnimplementedFields[] = {
    "fairlead.v1.Server.zone",
    "fairlead.v1.Server.priority",
    "fairlead.v1.BackendHealth.down",
    "fairlead.v1.BackendHealth.up",
    "fairlead.v1.BackendHealth.fall",
    "fairlead.v1.BackendHealth.rise",
    "fairlead.v1.BackendHealth.min_down",
    "fairlead.v1.BackendHealth.min_up",
    "fairlead.v1.BackendHealth.keep_last",
    "fairlead.v1.BackendHealth.damping",
    "fairlead.v1.BackendHealth.fail_safe",
};

std::string KnownValues(const EnumDescriptor* type) {
  std::vector<std::string> names;
  for (int i = 0; i < type->value_count(); ++i) names.push_back(type->value(i)->name());
  return absl::StrJoin(names, ", ");
}

// The text by which elements of a repeated message are told apart; null: their index does.
const FieldDescriptor* IdField(const Descriptor* type) {
  const FieldDescriptor* field = type->FindFieldByName("id");
  return field != nullptr && field->cpp_type() == FieldDescriptor::CPPTYPE_STRING ? field : nullptr;
}

}  // namespace

FieldRules::FieldRules() {
  const DescriptorPool* pool = v1::Transaction::descriptor()->file()->pool();
  for (std::string_view name : kUnimplementedFields) {
    const FieldDescriptor* field = pool->FindFieldByName(std::string(name));
    if (field == nullptr) std::abort();  // the list above names what the protos don't have
    fields_.insert(field);
  }
}

void FieldRules::Check(const Message& message, const Path& path, Violations& violations) const {
  const Reflection* reflection = message.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection->ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    if (!CheckField(message, field, path, violations)) continue;
    if (!field->is_repeated()) {
      Check(reflection->GetMessage(message, field), Path(path, field->name()), violations);
      continue;
    }
    const FieldDescriptor* id = IdField(field->message_type());
    for (int i = 0; i < reflection->FieldSize(message, field); ++i) {
      const Message& element = reflection->GetRepeatedMessage(message, field, i);
      if (id == nullptr) {
        Check(element, Path(path, field->name(), i), violations);
      } else {
        std::string unused;
        const std::string& text = element.GetReflection()->GetStringReference(element, id, &unused);
        Check(element, Path(path, field->name(), text), violations);
      }
    }
  }
}

void FieldRules::CheckOwnFields(const Message& message, const Path& path, Violations& violations) const {
  std::vector<const FieldDescriptor*> fields;
  message.GetReflection()->ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) CheckField(message, field, path, violations);
}

bool FieldRules::CheckField(const Message& message, const FieldDescriptor* field, const Path& path,
                            Violations& violations) const {
  if (IsUnimplemented(field)) {
    violations.Unimplemented(Path(path, field->name()));
    return false;
  }
  // All maps are of strings; no enum is repeated.
  if (field->is_map()) return false;
  if (field->cpp_type() == FieldDescriptor::CPPTYPE_ENUM) {
    const int number = message.GetReflection()->GetEnumValue(message, field);
    if (field->enum_type()->FindValueByNumber(number) == nullptr) {
      violations.Invalid(Path(path, field->name()),
                         base::StrCat("unknown value ", number, "; known are ", KnownValues(field->enum_type())));
    }
  }
  return field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE;
}

}  // namespace fairlead::control
