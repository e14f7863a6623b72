#pragma once

#include <cstdint>

#include "dataplane/http/field_list.h"

namespace fairlead::http::h1 {

// A set of known fields.
class KnownFields {
 public:
  template <typename... Fields>
  constexpr explicit KnownFields(Fields... fields) : bits_((0u | ... | (1u << static_cast<unsigned>(fields)))) {}

  constexpr bool Has(KnownField field) const { return (bits_ >> static_cast<unsigned>(field) & 1) != 0; }
  constexpr void Add(KnownField field) { bits_ |= 1u << static_cast<unsigned>(field); }

 private:
  uint32_t bits_;
};

struct WrittenFields {
  char* end;         // of what was written
  KnownFields seen;  // in the list, written or not, except those that Connection names
};

// Writes the fields of `fields` that are not in `removed`, in their order, at most fields.wire_size() bytes. If
// `has_connection_options`, those that a Connection field of the list names are left out as well. About 20 instructions
// a field where they can be copied as one run.
WrittenFields WriteFields(const FieldList& fields, KnownFields removed, bool has_connection_options, char* out);

// Whether a TE field of `fields` has the member "trailers".
bool AcceptsTrailers(const FieldList& fields);

}  // namespace fairlead::http::h1
