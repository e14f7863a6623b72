#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::routing {

// Texts and beginnings of texts, each with a rank, and which of those that match a text has the lowest. Immutable; a
// radix tree, in which each node knows the lowest rank of all prefixes on the way to it, so that one walk down the text
// finds the answer, however many patterns there are and however they overlap. Finding allocates nothing and looks at no
// byte of the text twice.
class PatternTree {
 public:
  // No pattern matches.
  static constexpr uint32_t kNone = UINT32_MAX;

  struct Pattern {
    enum class Kind : uint8_t { kExact, kPrefix };
    std::string_view text;  // any bytes, or none; only looked at while the tree is built
    Kind kind;
    uint32_t rank;  // below kNone
  };

  // Without patterns nothing matches.
  explicit PatternTree(std::vector<Pattern> patterns);

  // The lowest rank of the patterns that match, or kNone.
  uint32_t Find(std::string_view text) const;

  // Calls `visit(rank)` for each pattern that matches, of equal ones for that of the lowest rank: prefixes from the
  // shortest to the longest, then the exact one.
  template <typename Visit>
  void VisitMatches(std::string_view text, Visit visit) const {
    const Node* node = nodes_.data();
    while (true) {
      if (node->own_prefix_rank != kNone) visit(node->own_prefix_rank);
      if (text.empty()) break;
      node = Descend(*node, &text);
      if (node == nullptr) return;
    }
    if (node->exact_rank != kNone) visit(node->exact_rank);
  }

 private:
  // Where the patterns that begin with the labels from the root to here end or part.
  struct Node {
    uint32_t label_begin = 0;  // in labels_
    uint32_t label_size = 0;
    uint32_t first_child = 0;  // in nodes_; the others follow
    uint32_t child_count = 0;
    uint32_t exact_rank = kNone;       // the lowest of the exact patterns that end here
    uint32_t prefix_rank = kNone;      // the lowest of the prefixes that end here or above
    uint32_t own_prefix_rank = kNone;  // the lowest of those that end here
  };

  std::string_view LabelOf(const Node& node) const {
    return std::string_view(labels_).substr(node.label_begin, node.label_size);
  }
  // The child whose label `text`, which is not empty, begins with, and which is taken off it; null: there is none.
  const Node* Descend(const Node& node, std::string_view* text) const {
    const char* const first_bytes = first_bytes_.data() + node.first_child;
    const void* const found = std::memchr(first_bytes, text->front(), node.child_count);
    if (found == nullptr) return nullptr;
    const Node& child = nodes_[node.first_child + (static_cast<const char*>(found) - first_bytes)];
    const std::string_view label = LabelOf(child);
    if (!text->starts_with(label)) return nullptr;
    text->remove_prefix(label.size());
    return &child;
  }

  std::vector<Node> nodes_;
  std::string first_bytes_;  // of the nodes' labels, one for each node, so that a node's children are found by memchr
  std::string labels_;
};

}  // namespace fairlead::routing
