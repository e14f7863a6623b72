#include "dataplane/http/h1/upgrade.h"

#include <algorithm>

#include "dataplane/http/ascii.h"
#include "dataplane/http/list_members.h"

namespace fairlead::http::h1 {
namespace {

template <typename Function>
void ForEachProtocol(const FieldList& fields, Function function) {
  for (const FieldList::Field& field : fields) {
    if (field.known != KnownField::kUpgrade) continue;
    ForEachListMember(fields.value(field), [&](std::string_view protocol) {
      if (!protocol.empty()) function(protocol);
    });
  }
}

}  // namespace

std::string_view FindUpgrade(const FieldList& fields, std::span<const std::string> allowed) {
  std::string_view found;
  ForEachProtocol(fields, [&](std::string_view protocol) {
    const auto is_same = [&](const std::string& name) { return EqualsIgnoreCase(name, protocol); };
    if (found.empty() && std::any_of(allowed.begin(), allowed.end(), is_same)) found = protocol;
  });
  return found;
}

bool ConfirmsUpgrade(const ResponseHead& head, std::string_view protocol) {
  if (!head.connection_upgrade) return false;
  int same = 0;
  int all = 0;
  ForEachProtocol(head.fields, [&](std::string_view named) {
    ++all;
    if (EqualsIgnoreCase(named, protocol)) ++same;
  });
  return all == 1 && same == 1;
}

}  // namespace fairlead::http::h1
