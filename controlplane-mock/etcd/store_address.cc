#include "controlplane-mock/etcd/store_address.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"

namespace fairlead::controlplane_mock::etcd {

absl::StatusOr<StoreAddress> ParseStoreAddress(const std::string& text) {
  const auto wrong = [&](const char* why) {
    return absl::InvalidArgumentError(absl::StrCat("not etcd://HOST:PORT/PREFIX: \"", text, "\"", why));
  };
  absl::string_view rest = text;
  if (!absl::ConsumePrefix(&rest, "etcd://")) return wrong("");
  const size_t slash = rest.find('/');
  if (slash == absl::string_view::npos) return wrong(": no PREFIX");
  const absl::string_view prefix = absl::StripSuffix(rest.substr(slash), "/");
  if (prefix.size() < 2) return wrong(": no PREFIX");
  StoreAddress address{.members = absl::StrSplit(rest.substr(0, slash), ',', absl::SkipEmpty()),
                       .prefix = std::string(prefix)};
  if (address.members.empty()) return wrong(": no HOST:PORT");
  return address;
}

}  // namespace fairlead::controlplane_mock::etcd
