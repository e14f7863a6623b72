#include "dataplane/control/value_checks.h"

#include <algorithm>
#include <charconv>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"
#include "dataplane/base/absl_strings.h"
#include "dataplane/health/quote.h"

namespace fairlead::control {
namespace {

constexpr size_t kMaxIdBytes = 128;
constexpr int kMaxNetworks = 1'000;
constexpr mode_t kMaxFileMode = 0777;

bool IsIdCharacter(unsigned char c) { return absl::ascii_isalnum(c) || c == '.' || c == '_' || c == ':' || c == '-'; }

std::string Shown(const google::protobuf::Duration& duration) {
  return absl::StrFormat("%gs", static_cast<double>(duration.seconds()) + 1e-9 * duration.nanos());
}

}  // namespace

bool CheckId(std::string_view id, const Path& path, Violations& violations) {
  if (!id.empty() && id.size() <= kMaxIdBytes && std::all_of(id.begin(), id.end(), IsIdCharacter)) return true;
  violations.Invalid(path, base::StrCat("not an id (1 to ", kMaxIdBytes,
                                        " bytes of letters, digits, '.', '_', ':', '-'): ", health::Quote(id)));
  return false;
}

std::optional<net::Address> CheckAddress(std::string_view text, const Path& path, Violations& violations) {
  absl::StatusOr<net::Address> address = net::Address::Parse(text);
  if (address.ok()) return *std::move(address);
  violations.Invalid(path, std::string(base::FromAbsl(address.status().message())));
  return std::nullopt;
}

net::NetworkSet CheckNetworks(const google::protobuf::RepeatedPtrField<std::string>& texts, const Path& parent,
                              std::string_view field, Violations& violations) {
  if (texts.size() > kMaxNetworks) {
    violations.Invalid(Path(parent, field), base::StrCat("more than ", kMaxNetworks, ": ", texts.size()));
    return {};
  }
  std::vector<net::Network> networks;
  for (int i = 0; i < texts.size(); ++i) {
    absl::StatusOr<net::Network> network = net::Network::Parse(texts[i]);
    if (network.ok()) {
      networks.push_back(*network);
    } else {
      violations.Invalid(Path(parent, field, i), std::string(base::FromAbsl(network.status().message())));
    }
  }
  return net::NetworkSet(networks);
}

std::chrono::milliseconds CheckDuration(const google::protobuf::Duration& duration, const Path& path,
                                        Violations& violations, std::chrono::milliseconds minimum) {
  constexpr std::chrono::milliseconds kMaximum = std::chrono::hours(24);
  constexpr int64_t kNanosPerMilli = 1'000'000;
  // A second beyond the limit says enough, and can't overflow.
  const int64_t seconds = std::clamp<int64_t>(duration.seconds(), -1, 24 * 3600 + 1);
  const std::chrono::milliseconds value(seconds * 1000 + duration.nanos() / kNanosPerMilli);
  if (duration.nanos() < 0 || duration.nanos() >= 1000 * kNanosPerMilli || value < minimum || value > kMaximum) {
    const std::string shortest =
        minimum.count() % 1000 == 0 ? base::StrCat(minimum.count() / 1000, " s") : base::StrCat(minimum.count(), " ms");
    violations.Invalid(path, base::StrCat("not ", shortest, " to 24 h: ", Shown(duration)));
    return minimum;
  }
  if (duration.nanos() % kNanosPerMilli != 0) {
    violations.Invalid(path, base::StrCat("not a whole number of milliseconds: ", Shown(duration)));
  }
  return value;
}

uint32_t CheckRange(uint32_t value, uint32_t minimum, uint32_t maximum, const Path& path, Violations& violations) {
  if (value >= minimum && value <= maximum) return value;
  violations.Invalid(path, base::StrCat("not ", minimum, " to ", maximum, ": ", value));
  return minimum;
}

mode_t CheckFileMode(std::string_view text, const Path& path, Violations& violations) {
  mode_t mode = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), mode, /*base=*/8);
  if (error == std::errc() && end == text.data() + text.size() && mode <= kMaxFileMode) return mode;
  violations.Invalid(path, base::StrCat("not permissions in octal digits, such as \"0660\": ", health::Quote(text)));
  return 0;
}

void CheckLength(std::string_view text, size_t maximum, const Path& path, Violations& violations) {
  if (text.size() <= maximum) return;
  violations.Invalid(path, base::StrCat("longer than ", maximum, " bytes: ", text.size()));
}

}  // namespace fairlead::control
