#include "dataplane/proxy/stored_fields.h"

namespace fairlead::proxy {

void StoredFields::Add(const http::FieldList& from, const http::FieldList::Field& field) {
  http::FieldList::Field copy = field;
  copy.name_offset = static_cast<uint32_t>(bytes_.size());
  bytes_.append(from.name(field));
  copy.value_offset = static_cast<uint32_t>(bytes_.size());
  bytes_.append(from.value(field));
  fields_.Add(copy);
  fields_.set_base(bytes_.data());
}

}  // namespace fairlead::proxy
