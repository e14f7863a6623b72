#include "dataplane/routing/domain_index.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"

namespace fairlead::routing {
namespace {

using Pattern = PatternTree::Pattern;

// The longest name that DNS can hold (RFC 1035 §2.3.4).
constexpr size_t kLongestHost = 255;

// Names may end with the dot of DNS's root.
std::string_view WithoutRootDot(std::string_view name) {
  if (name.ends_with('.')) name.remove_suffix(1);
  return name;
}

void ReverseInLowerCase(std::string_view text, auto output) {
  std::transform(text.rbegin(), text.rend(), output, absl::ascii_tolower);
}

// How a domain is matched.
struct Reversed {
  std::string text;  // lower case, back to front, without the '*'
  Pattern::Kind kind;
  uint32_t owner;
};

Reversed Reverse(const DomainIndex::Domain& domain) {
  Reversed reversed = {.text = "", .kind = Pattern::Kind::kExact, .owner = domain.owner};
  std::string_view name = domain.name;
  if (name == "*" || name.starts_with("*.")) {
    reversed.kind = Pattern::Kind::kPrefix;
    name.remove_prefix(1);
  }
  name = WithoutRootDot(name);
  reversed.text.resize(name.size());
  ReverseInLowerCase(name, reversed.text.begin());
  return reversed;
}

std::vector<Reversed> FromBestMatch(const std::vector<DomainIndex::Domain>& domains) {
  std::vector<Reversed> sorted;
  sorted.reserve(domains.size());
  for (const DomainIndex::Domain& domain : domains) sorted.push_back(Reverse(domain));
  // Of two that match the same name the longer is the better: an exact name is longer than its suffixes.
  std::sort(sorted.begin(), sorted.end(), [](const Reversed& a, const Reversed& b) {
    return a.text.size() == b.text.size() ? a.owner < b.owner : a.text.size() > b.text.size();
  });
  return sorted;
}

}  // namespace

DomainIndex::DomainIndex(const std::vector<Domain>& domains) : tree_({}) {
  const std::vector<Reversed> sorted = FromBestMatch(domains);
  std::vector<Pattern> patterns;
  patterns.reserve(sorted.size());
  for (const Reversed& domain : sorted) {
    patterns.push_back({domain.text, domain.kind, static_cast<uint32_t>(patterns.size())});
    owners_.push_back(domain.owner);
  }
  tree_ = PatternTree(std::move(patterns));
}

uint32_t DomainIndex::Find(std::string_view host) const {
  host = WithoutRootDot(host);
  // A name that begins with a dot has no label in front of a "*.suffix".
  if (host.size() > kLongestHost || host.starts_with('.')) host = {};
  std::array<char, kLongestHost> reversed;
  ReverseInLowerCase(host, reversed.begin());
  const uint32_t rank = tree_.Find({reversed.data(), host.size()});
  return rank == PatternTree::kNone ? kNone : owners_[rank];
}

}  // namespace fairlead::routing
