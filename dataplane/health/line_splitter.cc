#include "dataplane/health/line_splitter.h"

#include <algorithm>

#include "dataplane/health/line_protocol.h"

namespace fairlead::health {

std::optional<std::string_view> LineSplitter::Next(std::string_view* input) {
  // A line of one byte more than is allowed, and its CR, are enough to see that it is too long.
  constexpr size_t kMaxKept = kMaxLineBytes + 2;

  if (!in_line_) std::string().swap(unfinished_);
  const size_t line_feed = input->find('\n');
  std::string_view line = input->substr(0, line_feed);
  input->remove_prefix(line_feed == input->npos ? line.size() : line.size() + 1);
  if (in_line_ || line_feed == input->npos) {
    unfinished_.append(line.substr(0, std::min(line.size(), kMaxKept - unfinished_.size())));
    line = unfinished_;
  }
  if (line_feed == input->npos) {
    in_line_ = !unfinished_.empty();
    return std::nullopt;
  }
  in_line_ = false;
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  return line;
}

}  // namespace fairlead::health
