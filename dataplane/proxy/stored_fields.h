#pragma once

#include <string>

#include "dataplane/http/field_list.h"

namespace fairlead::proxy {

// Copies of fields that are needed longer than the bytes that they came in.
class StoredFields {
 public:
  void Clear() {
    bytes_.clear();
    fields_.Clear();
  }
  void Add(const http::FieldList& from, const http::FieldList::Field& field);

  const http::FieldList& list() const { return fields_; }

 private:
  std::string bytes_;
  http::FieldList fields_;
};

}  // namespace fairlead::proxy
