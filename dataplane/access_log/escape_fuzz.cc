// Any bytes, any room: the escaped text is well-formed UTF-8 of one line, ends no string that it stands in, stays
// within its room, and in JSON can be read back.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/access_log/escape.h"
#include "dataplane/base/utf8.h"

namespace fairlead::access_log {
namespace {

void Check(bool holds) {
  if (!holds) std::abort();
}

// The escape that `text` begins with, which a backslash begins: its size.
size_t EscapeSize(Escaping escaping, std::string_view text) {
  const auto hex_digits = [&](size_t from, size_t count) {
    Check(text.size() >= from + count);
    for (char c : text.substr(from, count)) Check((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'));
    return from + count;
  };
  Check(text.size() >= 2);
  if (escaping == Escaping::kText) {
    Check(text[1] == 'x');
    return hex_digits(2, 2);
  }
  if (text[1] == 'u') return hex_digits(2, 4);
  Check(text[1] == '"' || text[1] == '\\');
  return 2;
}

void CheckEscaped(Escaping escaping, std::string_view input, size_t room) {
  std::vector<char> out(room);
  char* const end = AppendEscaped(escaping, input, room, out.data());
  Check(end >= out.data() && end <= out.data() + room);
  std::string_view text(out.data(), end - out.data());
  Check(base::IsValidUtf8(text));
  while (!text.empty()) {
    const auto c = static_cast<unsigned char>(text[0]);
    Check(c >= 0x20 && c != 0x7f && c != '"');
    Check(!(c == 0xc2 && static_cast<unsigned char>(text[1]) < 0xa0));  // C1
    text.remove_prefix(c == '\\' ? EscapeSize(escaping, text) : 1);
  }
}

}  // namespace
}  // namespace fairlead::access_log

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using fairlead::access_log::Escaping;
  std::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t room = size == 0 ? 3 : 3 + data[0];
  for (Escaping escaping : {Escaping::kJson, Escaping::kText}) {
    fairlead::access_log::CheckEscaped(escaping, input, room);
    fairlead::access_log::CheckEscaped(escaping, input, 6 * size + 3);
  }
  return 0;
}
