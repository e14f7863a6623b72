#pragma once

#include "dataplane/http/field_list.h"

namespace fairlead::http::h1 {

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
