#pragma once

#include "dataplane/http/field_list.h"
#include "dataplane/http/head_edits.h"

namespace fairlead::http::h1 {

// What is left out of a list of fields, and what comes after them.
struct FieldChanges {
  KnownFields known = KnownFields();  // left out
  bool nominated = false;             // those that a Connection field of the list names are left out, too
  const FieldEdits* edits = nullptr;  // null: none
};

struct WrittenFields {
  char* end;         // of what was written
  KnownFields seen;  // in the list, written or left out as known, or brought by edits
};

// Writes what `changes` leave of `fields`, in their order, then what the edits bring: at most fields.wire_size() and
// edits->max_wire_size() bytes. About 20 instructions a field where they can be copied as one run.
WrittenFields WriteFields(const FieldList& fields, const FieldChanges& changes, char* out);

}  // namespace fairlead::http::h1
