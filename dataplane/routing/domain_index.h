#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "dataplane/routing/pattern_tree.h"

namespace fairlead::routing {

// Names of hosts, exact ("www.example.org"), "*.suffix" and "*", and what each belongs to: an index into what its owner
// keeps. Immutable.
class DomainIndex {
 public:
  // Nothing is for this name.
  static constexpr uint32_t kNone = UINT32_MAX;

  struct Domain {
    std::string_view name;  // in any case; only looked at while the index is made
    uint32_t owner;
  };

  explicit DomainIndex(const std::vector<Domain>& domains);

  // Who has the name exactly, else who has the longest "*.suffix" of it, else who has "*"; of several that have the
  // same, the lowest. In any case, with or without the dot of DNS's root at its end; names without a port, an IPv6
  // address in brackets. Whatever is no host's name, the empty one among it, belongs to "*".
  //
  // Looks at each byte once, whatever the number of domains; allocates nothing.
  uint32_t Find(std::string_view host) const;

 private:
  // Back to front, so that "*.suffix" is a prefix. Ranks, the better match having the lower, are indexes into owners_.
  PatternTree tree_;
  std::vector<uint32_t> owners_;
};

}  // namespace fairlead::routing
