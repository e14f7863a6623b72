#include "dataplane/control/load_balancing_compiler.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "dataplane/base/absl_strings.h"
#include "dataplane/control/http_checks.h"
#include "dataplane/control/value_checks.h"
#include "dataplane/load_balancing/hash_table.h"

namespace fairlead::control {
namespace {

constexpr int kMaxHashKeys = 8;
constexpr size_t kMaxNameBytes = 256;
constexpr uint32_t kMaxRingPoints = 1'000;
constexpr uint32_t kMinTableSize = 251;

config::LoadBalancingPolicy ToPolicy(v1::LoadBalancing::Policy policy) {
  switch (policy) {
    case v1::LoadBalancing::LEAST_REQUEST:
      return config::LoadBalancingPolicy::kLeastRequest;
    case v1::LoadBalancing::RANDOM:
      return config::LoadBalancingPolicy::kRandom;
    case v1::LoadBalancing::RING_HASH:
    case v1::LoadBalancing::MAGLEV:
      return config::LoadBalancingPolicy::kHash;
    default:  // others were refused
      return config::LoadBalancingPolicy::kRoundRobin;
  }
}

bool IsPrime(uint32_t number) {
  for (uint32_t divisor = 2; uint64_t{divisor} * divisor <= number; ++divisor) {
    if (number % divisor == 0) return false;
  }
  return number >= 2;
}

std::string CheckName(const std::string& name, const Path& place, Violations& violations) {
  CheckLength(name, kMaxNameBytes, place, violations);
  CheckToken(name, place, violations);
  return name;
}

// None: the message names no part.
std::optional<config::HashKey> CompileKey(const v1::HashKey& message, const Path& place, Violations& violations) {
  using Part = config::HashKey::Part;
  // A part that is either hashed or not there.
  const auto take = [&](bool value, std::string_view field, Part part) {
    if (!value) violations.Invalid(Path(place, field), "false; want true, or another key");
    return config::HashKey{.part = part};
  };
  switch (message.key_case()) {
    case v1::HashKey::kHeader:
      return config::HashKey{Part::kHeader,
                             absl::AsciiStrToLower(CheckName(message.header(), Path(place, "header"), violations))};
    case v1::HashKey::kCookie:
      return config::HashKey{Part::kCookie, CheckName(message.cookie(), Path(place, "cookie"), violations)};
    case v1::HashKey::kQuery:
      if (message.query().empty()) violations.Invalid(Path(place, "query"), "missing; want the name of a parameter");
      CheckLength(message.query(), kMaxNameBytes, Path(place, "query"), violations);
      return config::HashKey{Part::kQuery, message.query()};
    case v1::HashKey::kPath:
      return take(message.path(), "path", Part::kPath);
    case v1::HashKey::kSourceAddress:
      return take(message.source_address(), "source_address", Part::kSourceAddress);
    case v1::HashKey::KEY_NOT_SET:
      break;
  }
  violations.Invalid(place, "none of header, cookie, query, path and source_address; want exactly one");
  return std::nullopt;
}

void CompileKeys(const v1::LoadBalancing& message, const Path& place, config::BackendSettings& settings,
                 Violations& violations) {
  const Path keys_place(place, "hash");
  if (message.hash().empty()) violations.Invalid(keys_place, "none; want what requests are balanced by");
  if (message.hash_size() > kMaxHashKeys) {
    violations.Invalid(keys_place, base::StrCat("more than ", kMaxHashKeys, ": ", message.hash_size()));
  }
  for (int i = 0; i < message.hash_size(); ++i) {
    const Path key_place(place, "hash", i);
    std::optional<config::HashKey> key = CompileKey(message.hash(i), key_place, violations);
    if (!key.has_value()) continue;
    if (std::find(settings.hash_keys.begin(), settings.hash_keys.end(), *key) != settings.hash_keys.end()) {
      violations.Invalid(key_place, "named before");
    }
    settings.hash_keys.push_back(*std::move(key));
  }
}

void CompileTable(const v1::LoadBalancing& message, const Path& place, config::BackendSettings& settings,
                  Violations& violations) {
  const bool ring = message.policy() == v1::LoadBalancing::RING_HASH;
  const bool maglev = message.policy() == v1::LoadBalancing::MAGLEV;
  settings.hash_table.kind = maglev ? config::HashTableSettings::Kind::kMaglev : config::HashTableSettings::Kind::kRing;
  if (message.ring_points() != 0) {
    const Path points_place(place, "ring_points");
    if (!ring) violations.Invalid(points_place, "with policy RING_HASH alone");
    settings.hash_table.ring_points = CheckRange(message.ring_points(), 1, kMaxRingPoints, points_place, violations);
  }
  if (message.table_size() != 0) {
    const Path size_place(place, "table_size");
    if (!maglev) violations.Invalid(size_place, "with policy MAGLEV alone");
    const uint32_t size = CheckRange(message.table_size(), kMinTableSize, load_balancing::HashTable::kMostEntries,
                                     size_place, violations);
    if (size == message.table_size() && !IsPrime(size)) {
      violations.Invalid(size_place, base::StrCat("not a prime: ", size));
    }
    settings.hash_table.table_size = size;
  }
}

}  // namespace

void CompileLoadBalancing(const v1::LoadBalancing& message, const Path& place, config::BackendSettings& settings,
                          Violations& violations) {
  settings.policy = ToPolicy(message.policy());
  if (settings.policy == config::LoadBalancingPolicy::kHash) {
    CompileKeys(message, place, settings, violations);
  } else if (!message.hash().empty()) {
    violations.Invalid(Path(place, "hash"), "with policies RING_HASH and MAGLEV alone");
  }
  CompileTable(message, place, settings, violations);
  settings.panic_threshold = message.panic_threshold();
  // Not a number neither.
  if (!(settings.panic_threshold >= 0 && settings.panic_threshold <= 1)) {
    violations.Invalid(Path(place, "panic_threshold"), base::StrCat("not 0 to 1: ", settings.panic_threshold));
  }
}

}  // namespace fairlead::control
