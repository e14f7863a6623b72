// Whatever a list says: it names an address or none, and what it names reads back as the same.
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "dataplane/http/forwarded.h"

namespace fairlead::http {
namespace {

void CheckList(std::string_view name, std::string_view value) {
  std::string bytes(name);
  bytes.append(value);
  FieldList fields;
  fields.Add({.name_offset = 0,
              .value_offset = static_cast<uint32_t>(name.size()),
              .value_size = static_cast<uint32_t>(value.size()),
              .name_size = static_cast<uint16_t>(name.size()),
              .known = KnownField::kOther});
  fields.set_base(bytes.data());
  for (const bool trusted : {false, true}) {
    const std::optional<net::Address> client = FindClient(fields, [&](const net::Address&) { return trusted; });
    if (!client.has_value()) continue;
    const std::string text = client->ToString();  // with the port 0
    const std::optional<net::Address> again = ParseNode(text);
    if (!again.has_value() || !(*again == *client)) std::abort();
  }
}

}  // namespace
}  // namespace fairlead::http

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view value(reinterpret_cast<const char*>(data), size);
  fairlead::http::CheckList("Forwarded", value);
  fairlead::http::CheckList("X-Forwarded-For", value);
  return 0;
}
