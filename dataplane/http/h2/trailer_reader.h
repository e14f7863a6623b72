#pragma once

#include <cstdint>
#include <string_view>

#include "dataplane/http/field_list.h"
#include "dataplane/http/h2/field_gatherer.h"
#include "dataplane/http/h2/read_result.h"

namespace fairlead::http::h2 {

// Reads a trailer section (RFC 9113 §8.1), of requests and responses alike. Malformed: what FieldGatherer says,
// pseudo-header fields, and fields that may not stand in trailers (IsAllowedInTrailers). Beyond the limits: refused.
class TrailerReader {
 public:
  // The bounds that HTTP/1's trailers have.
  static constexpr uint32_t kMaxBytes = 8 * 1024;
  static constexpr uint32_t kMaxFields = 32;

  void Start() {
    fields_.Clear();
    gatherer_.Start(&fields_, kMaxBytes, kMaxFields);
  }
  // False: it was refused, and nothing that follows is looked at.
  bool Add(std::string_view name, std::string_view value, bool never_indexed);
  ReadResult Finish();

  // After Finish, until the next Start.
  const FieldList& fields() const { return fields_; }
  size_t capacity() const { return gatherer_.capacity(); }
  void Shrink() { gatherer_.Shrink(); }

 private:
  FieldGatherer gatherer_;
  FieldList fields_;
};

}  // namespace fairlead::http::h2
