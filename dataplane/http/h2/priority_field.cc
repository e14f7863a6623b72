#include "dataplane/http/h2/priority_field.h"

#include "dataplane/http/list_members.h"
#include "dataplane/http/scan.h"

namespace fairlead::http::h2 {

Priority ParsePriority(std::string_view value) {
  Priority priority;
  // Only strings could hold a comma that separates nothing, and of those that are known none is one.
  ForEachListMember(value, [&](std::string_view member) {
    member = TrimWhitespace(member.substr(0, member.find(';')));
    if (member.size() == 3 && member.starts_with("u=") && member[2] >= '0' && member[2] <= '7') {
      priority.urgency = static_cast<uint8_t>(member[2] - '0');
    } else if (member == "i" || member == "i=?1") {
      priority.incremental = true;
    } else if (member == "i=?0") {
      priority.incremental = false;
    }
  });
  return priority;
}

}  // namespace fairlead::http::h2
