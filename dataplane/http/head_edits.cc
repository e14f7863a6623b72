#include "dataplane/http/head_edits.h"

#include "dataplane/http/ascii.h"

namespace fairlead::http {

void FieldEdits::Append(const FieldEdit& edit) {
  edits_.push_back(edit);
  if (edit.kind != FieldEdit::Kind::kAdd) dropped_ |= BitOf(edit.name);
  if (edit.kind != FieldEdit::Kind::kRemove) wire_size_ += edit.name.size() + edit.value.size() + 4;
}

bool FieldEdits::IsDroppedFrom(size_t begin, std::string_view name) const {
  for (size_t i = begin; i < edits_.size(); ++i) {
    if (edits_[i].kind != FieldEdit::Kind::kAdd && EqualsIgnoreCase(edits_[i].name, name)) return true;
  }
  return false;
}

}  // namespace fairlead::http
