#include "prober/attempt.h"

#include <algorithm>

#include "api/yaml/concat.h"
#include "api/yaml/scalars.h"
#include "dataplane/base/utf8.h"

namespace fairlead::prober {

std::string Printable(std::string_view text, size_t most) {
  std::string printable;
  while (!text.empty()) {
    const size_t size = base::Utf8CharacterSize(text);
    const bool control = size == 1 && (static_cast<unsigned char>(text.front()) < 0x20 || text.front() == 0x7f);
    const std::string_view character = size == 0 || control ? "?" : text.substr(0, size);
    if (printable.size() + character.size() > most) break;
    printable += character;
    text.remove_prefix(std::max<size_t>(size, 1));
  }
  return printable;
}

Outcome TimedOut(uint64_t timeout_ms, std::string_view stage) {
  const std::string span = api::FormatDuration(
      {static_cast<int64_t>(timeout_ms / 1'000), static_cast<int32_t>(timeout_ms % 1'000 * 1'000'000)});
  return {false, api::Concat("timeout after ", span, " (", stage, ")")};
}

void Attempt::Finish(bool success, std::string_view reason) {
  if (finished_) return;
  finished_ = true;
  outcome_ = {success, Printable(reason)};
  loop_.timers().Schedule(&tell_, 0);
}

}  // namespace fairlead::prober
