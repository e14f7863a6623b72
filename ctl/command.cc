#include "ctl/command.h"

#include "api/yaml/concat.h"

namespace fairlead::ctl {

std::vector<Flag> WithWriteFlags(std::vector<Flag> own) {
  own.push_back({.name = "dry_run", .value = "", .help = "check it and change nothing"});
  own.push_back({.name = "author", .value = "NAME", .help = "who changes it (default: $USER)"});
  own.push_back({.name = "comment", .value = "TEXT", .help = "why"});
  own.push_back({.name = "id", .value = "ID", .help = "the transaction's (default: one of its own)"});
  own.push_back({.name = "prepare", .value = "", .help = "check it and hold it ready; `commit` switches to it"});
  own.push_back({.name = "hold_for", .value = "TIME", .help = "drop what is prepared after that (default: 60s)"});
  own.push_back({.name = "confirm_within", .value = "TIME", .help = "change it back unless it is confirmed by then"});
  own.push_back({.name = "min_eligible_share",
                 .value = "X",
                 .help = "refuse it where less than this share (0 to 1) of a backend would stay eligible"});
  own.push_back({.name = "max_servers_removed", .value = "N", .help = "refuse it where more servers would go"});
  return own;
}

absl::Status CheckWordCount(const Invocation& invocation, std::string_view usage, size_t least, size_t most) {
  const size_t count = invocation.words.size();
  if (count >= least && count <= most) return absl::OkStatus();
  return absl::InvalidArgumentError(
      api::Concat(count < least ? "too few arguments" : "too many arguments", "; usage: fairleadctl ", usage));
}

}  // namespace fairlead::ctl
