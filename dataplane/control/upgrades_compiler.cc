#include "dataplane/control/upgrades_compiler.h"

#include <string_view>

#include "dataplane/base/absl_strings.h"
#include "dataplane/health/quote.h"
#include "dataplane/http/ascii.h"
#include "dataplane/http/scan.h"

namespace fairlead::control {
namespace {

constexpr size_t kMaxUpgradeSize = 64;
constexpr size_t kMaxUpgrades = 16;
constexpr std::string_view kNone = "none";

// A protocol's name, maybe with '/' and a version (RFC 9110 §7.8).
bool IsProtocol(std::string_view text) {
  if (text.size() > kMaxUpgradeSize) return false;
  const size_t slash = text.find('/');
  return http::IsToken(text.substr(0, slash)) &&
         (slash == std::string_view::npos || http::IsToken(text.substr(slash + 1)));
}

// Versions of HTTP: requests in them would go past the proxy, unread.
bool IsHttp(std::string_view text) {
  const std::string_view name = text.substr(0, text.find('/'));
  for (std::string_view http : {"http", "h2", "h2c", "h3"}) {
    if (http::EqualsIgnoreCase(name, http)) return true;
  }
  return false;
}

}  // namespace

std::vector<std::string> CompileUpgrades(const v1::RouteRule& message, const Path& place, Violations& violations) {
  if (message.upgrades_size() == 1 && http::EqualsIgnoreCase(message.upgrades(0), kNone)) return {};
  if (static_cast<size_t>(message.upgrades_size()) > kMaxUpgrades) {
    violations.Invalid(Path(place, "upgrades"),
                       base::StrCat(message.upgrades_size(), " protocols; want at most ", kMaxUpgrades));
  }
  for (int i = 0; i < message.upgrades_size(); ++i) {
    const std::string& protocol = message.upgrades(i);
    const Path protocol_place(place, "upgrades", i);
    if (!IsProtocol(protocol)) {
      violations.Invalid(protocol_place, base::StrCat("not a protocol such as \"websocket\" or \"foo/2\", of at most ",
                                                      kMaxUpgradeSize, " bytes: ", health::Quote(protocol)));
    } else if (http::EqualsIgnoreCase(protocol, kNone)) {
      violations.Invalid(protocol_place, "\"none\" beside protocols; want it alone");
    } else if (IsHttp(protocol)) {
      violations.Invalid(protocol_place, base::StrCat("a version of HTTP, whose requests no rule would see: ",
                                                      health::Quote(protocol)));
    }
  }
  return {message.upgrades().begin(), message.upgrades().end()};
}

}  // namespace fairlead::control
