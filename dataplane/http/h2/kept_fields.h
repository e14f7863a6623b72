#pragma once

#include <string>

#include "dataplane/http/field_list.h"

namespace fairlead::http::h2 {

// A copy of trailers that are needed after the bytes that they came in.
class KeptFields {
 public:
  explicit KeptFields(const FieldList& fields) {
    bytes_.reserve(fields.wire_size());
    for (FieldList::Field field : fields) {
      const uint32_t name_offset = static_cast<uint32_t>(bytes_.size());
      bytes_.append(fields.name(field));
      const uint32_t value_offset = static_cast<uint32_t>(bytes_.size());
      bytes_.append(fields.value(field));
      field.name_offset = name_offset;
      field.value_offset = value_offset;
      list_.Add(field);
    }
    list_.set_base(bytes_.data());
  }
  KeptFields(const KeptFields&) = delete;
  KeptFields& operator=(const KeptFields&) = delete;

  const FieldList& list() const { return list_; }

 private:
  std::string bytes_;
  FieldList list_;
};

}  // namespace fairlead::http::h2
