#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "dataplane/http/ascii.h"

namespace fairlead::routing {

// Finds in a text, in any case, all of many literals at once: the automaton of Aho and Corasick (Communications of the
// ACM 18, 1975). Goes over the text once, whatever the number of literals and however they overlap; allocates nothing.
// Immutable.
class LiteralFinder {
 public:
  struct Literal {
    std::string text;  // not empty, in lower case
    uint32_t value;
  };

  explicit LiteralFinder(const std::vector<Literal>& literals);

  // Calls `visit(value)` for each literal that ends at some byte of `text`, once for each time that it does.
  template <typename Visit>
  void Find(std::string_view text, Visit visit) const {
    if (nodes_.size() == 1) return;
    uint32_t node = kRoot;
    for (const char c : text) {
      node = Next(node, http::ToLower(c));
      for (uint32_t ending = nodes_[node].nearest_ending; ending != kRoot;
           ending = nodes_[nodes_[ending].suffix].nearest_ending) {
        for (uint32_t i = nodes_[ending].first_value; i < nodes_[ending].end_of_values; ++i) visit(values_[i]);
      }
    }
  }

 private:
  static constexpr uint32_t kRoot = 0;

  // What the bytes so far end with: the longest beginning of a literal.
  struct Node {
    uint32_t first_child = 0;  // the others follow
    uint32_t child_count = 0;
    uint32_t suffix = kRoot;          // the longest of its own suffixes that is a node
    uint32_t nearest_ending = kRoot;  // the longest of it and its suffixes that is a literal; kRoot: none
    uint32_t first_value = 0;         // in values_; of the literal that it is
    uint32_t end_of_values = 0;
  };

  // kRoot: none.
  uint32_t Child(uint32_t node, char byte) const {
    const char* const bytes = bytes_.data() + nodes_[node].first_child;
    const void* const found = std::memchr(bytes, byte, nodes_[node].child_count);
    if (found == nullptr) return kRoot;
    return nodes_[node].first_child + static_cast<uint32_t>(static_cast<const char*>(found) - bytes);
  }

  uint32_t Next(uint32_t node, char byte) const {
    while (node != kRoot) {
      if (const uint32_t child = Child(node, byte); child != kRoot) return child;
      node = nodes_[node].suffix;
    }
    return root_children_[static_cast<uint8_t>(byte)];
  }

  std::vector<Node> nodes_;
  std::string bytes_;  // by which each node is reached from its parent
  std::array<uint32_t, 256> root_children_{};
  std::vector<uint32_t> values_;
};

}  // namespace fairlead::routing
