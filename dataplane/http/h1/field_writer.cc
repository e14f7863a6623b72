#include "dataplane/http/h1/field_writer.h"

#include <cstring>
#include <string_view>

#include "dataplane/http/connection_options.h"
#include "dataplane/http/h1/append.h"

namespace fairlead::http::h1 {
namespace {

bool TwoBytesAre(const char* bytes, const char (&expected)[3]) { return std::memcmp(bytes, expected, 2) == 0; }

// Whether the field lies in the list's bytes as "name: value".
bool IsInWireForm(const FieldList& fields, const FieldList::Field& field) {
  const uint32_t name_end = field.name_offset + field.name_size;
  return field.value_offset == name_end + 2 && TwoBytesAre(fields.base() + name_end, ": ");
}

// Copies fields, neighbours in one go. What lies between two neighbours is compared, not assumed: the bytes may be
// those of a head received by HTTP/1, with white space where it pleased the sender, or of any other list.
class RunCopier {
 public:
  RunCopier(const FieldList& fields, char* out) : fields_(fields), out_(out) {}

  void Add(const FieldList::Field& field) {
    const bool is_in_wire_form = IsInWireForm(fields_, field);
    const bool has_run = begin_ != end_;
    const bool is_neighbour =
        has_run && is_in_wire_form && field.name_offset == end_ + 2 && TwoBytesAre(fields_.base() + end_, "\r\n");
    if (!is_neighbour) {
      Flush();
      if (!is_in_wire_form) {
        out_ = AppendField(out_, fields_.name(field), fields_.value(field));
        return;
      }
      begin_ = field.name_offset;
    }
    end_ = field.value_offset + field.value_size;
  }

  // Copies the run so far. Returns the end of what was written.
  char* Flush() {
    if (begin_ == end_) return out_;
    out_ = Append(out_, std::string_view(fields_.base() + begin_, end_ - begin_));
    out_ = Append(out_, "\r\n");
    begin_ = end_;
    return out_;
  }

 private:
  const FieldList& fields_;
  char* out_;
  uint32_t begin_ = 0;  // the run is [begin_, end_), without its last CR LF
  uint32_t end_ = 0;
};

WrittenFields WriteChangedFields(const FieldList& fields, const FieldChanges& changes, char* out) {
  const NominatedFields nominated(fields, changes.nominated);
  RunCopier copier(fields, out);
  KnownFields seen;
  for (const FieldList::Field& field : fields) {
    const std::string_view name = fields.name(field);
    if (nominated.Has(field.known, name)) continue;
    if (changes.edits != nullptr && changes.edits->Drops(name)) continue;
    seen.Add(field.known);
    if (!changes.known.Has(field.known)) copier.Add(field);
  }
  out = copier.Flush();
  if (changes.edits == nullptr) return {out, seen};
  changes.edits->ForEachWritten([&](std::string_view name, std::string_view value) {
    seen.Add(FindKnownField(name));
    out = AppendField(out, name, value);
  });
  return {out, seen};
}

}  // namespace

WrittenFields WriteFields(const FieldList& fields, const FieldChanges& changes, char* out) {
  const bool has_edits = changes.edits != nullptr && !changes.edits->empty();
  if (changes.nominated || has_edits) return WriteChangedFields(fields, changes, out);
  RunCopier copier(fields, out);
  KnownFields seen;
  for (const FieldList::Field& field : fields) {
    seen.Add(field.known);
    if (!changes.known.Has(field.known)) copier.Add(field);
  }
  return {copier.Flush(), seen};
}

}  // namespace fairlead::http::h1
