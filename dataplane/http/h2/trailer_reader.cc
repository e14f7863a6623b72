#include "dataplane/http/h2/trailer_reader.h"

#include "dataplane/http/trailer_fields.h"

namespace fairlead::http::h2 {

bool TrailerReader::Add(std::string_view name, std::string_view value, bool never_indexed) {
  if (!gatherer_.result().done()) return false;
  if (name.starts_with(':')) {
    gatherer_.Fail(ReadResult::Malformed("a pseudo-header field among the trailers"));
    return false;
  }
  KnownField known;
  if (!gatherer_.Add(name, value, never_indexed, &known)) return false;
  if (!IsAllowedInTrailers(name, known)) {
    gatherer_.Fail(ReadResult::Malformed("a field that is not allowed in trailers"));
    return false;
  }
  return true;
}

ReadResult TrailerReader::Finish() {
  fields_.set_base(gatherer_.text().data());
  ReadResult result = gatherer_.result();
  if (result.limit != RequestLimit::kNone) result.limit = RequestLimit::kTrailers;
  return result;
}

}  // namespace fairlead::http::h2
