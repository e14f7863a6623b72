#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dataplane/http/field_list.h"

// For tests: header blocks as lists of names and values.
namespace fairlead::http::h2 {

using HeaderList = std::vector<std::pair<std::string, std::string>>;

// `fields` as "name: value" lines.
inline std::vector<std::string> Lines(const FieldList& fields) {
  std::vector<std::string> lines;
  for (const FieldList::Field& field : fields) {
    lines.push_back(std::string(fields.name(field)) + ": " + std::string(fields.value(field)));
  }
  return lines;
}

}  // namespace fairlead::http::h2
