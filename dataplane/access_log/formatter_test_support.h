#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "dataplane/access_log/entry.h"
#include "dataplane/http/field_list.h"
#include "dataplane/net/address.h"

namespace fairlead::access_log::testing {

// Fields as a codec gives them, of whatever bytes.
class Fields {
 public:
  Fields(std::initializer_list<std::pair<std::string_view, std::string_view>> fields) {
    for (const auto& [name, value] : fields) Add(name, value);
  }
  Fields(const Fields&) = delete;
  Fields& operator=(const Fields&) = delete;

  void Add(std::string_view name, std::string_view value);
  const http::FieldList* list() const { return &list_; }

 private:
  std::string bytes_;
  http::FieldList list_;
};

// A request as most are, to be changed, and what it points to.
struct ExampleEntry {
  ExampleEntry();

  net::Address client = *net::Address::Parse("192.0.2.7:51234");
  net::Address server = *net::Address::Parse("[2001:db8::1]:8080");
  Fields request_fields;
  Entry entry;
};

}  // namespace fairlead::access_log::testing
