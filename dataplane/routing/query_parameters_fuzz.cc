// Queries as clients send them: each parameter is found by its own name and decodes to itself, and nothing is read
// beyond the query.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "dataplane/routing/query_parameters.h"

using fairlead::routing::AnyParameter;
using fairlead::routing::DecodeParameter;
using fairlead::routing::DecodesTo;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view query(reinterpret_cast<const char*>(data), size);
  for (size_t begin = 0; begin < size;) {
    const std::string_view parameter = query.substr(begin, query.find('&', begin) - begin);
    begin += parameter.size() + 1;
    if (parameter.empty()) continue;
    const size_t equals = parameter.find('=');
    const std::string name = DecodeParameter(parameter.substr(0, equals));
    const std::string_view value = equals == parameter.npos ? std::string_view() : parameter.substr(equals + 1);
    if (!DecodesTo(value, DecodeParameter(value))) std::abort();
    if (DecodesTo(value, DecodeParameter(value) + "x")) std::abort();
    if (!AnyParameter(query, name,
                      [&](std::string_view found) { return found.data() == value.data() || found == value; })) {
      std::abort();
    }
  }
  return 0;
}
