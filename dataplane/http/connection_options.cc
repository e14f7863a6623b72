#include "dataplane/http/connection_options.h"

#include "dataplane/http/ascii.h"
#include "dataplane/http/list_members.h"

namespace fairlead::http {

NominatedFields::NominatedFields(const FieldList& fields, bool any) {
  if (!any) return;
  for (const FieldList::Field& field : fields) {
    if (field.known != KnownField::kConnection) continue;
    ForEachListMember(fields.value(field), [this](std::string_view name) {
      if (size_ < names_.size() && !name.empty()) names_[size_++] = name;
    });
  }
}

bool NominatedFields::HasName(std::string_view name) const {
  for (size_t i = 0; i < size_; ++i) {
    if (EqualsIgnoreCase(names_[i], name)) return true;
  }
  return false;
}

bool AcceptsTrailers(const FieldList& fields) {
  bool accepts = false;
  for (const FieldList::Field& field : fields) {
    if (field.known != KnownField::kTe) continue;
    ForEachListMember(fields.value(field), [&](std::string_view member) {
      if (EqualsLowerCase(member, "trailers")) accepts = true;
    });
  }
  return accepts;
}

}  // namespace fairlead::http
