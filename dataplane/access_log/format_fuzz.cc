// A format, LF, and a text that a client chose: a format that is taken gives one line, of the format's own texts and
// nothing that the client could have ended it with.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string_view>

#include "dataplane/access_log/format_parser.h"
#include "dataplane/access_log/formatter.h"
#include "dataplane/access_log/formatter_test_support.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  namespace access_log = fairlead::access_log;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t end_of_format = std::min(input.find('\n'), input.size());
  const std::string_view format = input.substr(0, std::min<size_t>(end_of_format, 4096));
  const std::string_view text = input.substr(std::min(end_of_format + 1, input.size()));

  access_log::testing::ExampleEntry example;
  example.entry.path = example.entry.authority = example.entry.detail = text;
  example.request_fields.Add("x-a", text);
  example.entry.request_fields = example.entry.response_fields = example.request_fields.list();
  fairlead::config::AccessLog log;
  log.request_headers = log.response_headers = {"x-a", "x-b"};
  if (!access_log::ParseFormat(format, &log).empty()) return 0;

  static const auto line = std::make_unique<char[]>(access_log::kMaxLineBytes);
  access_log::Formatter formatter;
  char* const end = formatter.Format(log, example.entry, line.get());
  if (end <= line.get() || end > line.get() + access_log::kMaxLineBytes || end[-1] != '\n') std::abort();
  for (const char* c = line.get(); c != end - 1; ++c) {
    if (static_cast<unsigned char>(*c) < 0x20 || *c == 0x7f) std::abort();
  }
  return 0;
}
