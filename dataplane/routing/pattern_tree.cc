#include "dataplane/routing/pattern_tree.h"

#include <algorithm>
#include <cstddef>

namespace fairlead::routing {
namespace {

size_t CommonPrefix(std::string_view a, std::string_view b) {
  return std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first - a.begin();
}

}  // namespace

PatternTree::PatternTree(std::vector<Pattern> patterns) {
  std::sort(patterns.begin(), patterns.end(), [](const Pattern& a, const Pattern& b) { return a.text < b.text; });

  // For each node, in the order of nodes_: the patterns at or below it, and how many of their bytes led to it.
  struct Range {
    size_t begin;
    size_t end;
    size_t depth;
  };
  std::vector<Range> ranges = {{0, patterns.size(), 0}};
  nodes_.push_back({});
  first_bytes_.push_back('\0');
  for (size_t node_index = 0; node_index < nodes_.size(); ++node_index) {
    auto [begin, end, depth] = ranges[node_index];
    // The shortest come first: those that end here.
    for (; begin < end && patterns[begin].text.size() == depth; ++begin) {
      Node& node = nodes_[node_index];
      uint32_t& rank = patterns[begin].kind == Pattern::Kind::kExact ? node.exact_rank : node.own_prefix_rank;
      rank = std::min(rank, patterns[begin].rank);
      node.prefix_rank = std::min(node.prefix_rank, node.own_prefix_rank);
    }
    nodes_[node_index].first_child = static_cast<uint32_t>(nodes_.size());
    while (begin < end) {
      const std::string_view first = patterns[begin].text;
      size_t child_end = begin + 1;
      while (child_end < end && patterns[child_end].text[depth] == first[depth]) ++child_end;
      const size_t child_depth = CommonPrefix(first, patterns[child_end - 1].text);
      nodes_.push_back({.label_begin = static_cast<uint32_t>(labels_.size()),
                        .label_size = static_cast<uint32_t>(child_depth - depth),
                        .prefix_rank = nodes_[node_index].prefix_rank});
      first_bytes_.push_back(first[depth]);
      labels_.append(first.substr(depth, child_depth - depth));
      ranges.push_back({begin, child_end, child_depth});
      ++nodes_[node_index].child_count;
      begin = child_end;
    }
  }
}

uint32_t PatternTree::Find(std::string_view text) const {
  const Node* node = nodes_.data();
  while (!text.empty()) {
    const Node* const child = Descend(*node, &text);
    if (child == nullptr) return node->prefix_rank;
    node = child;
  }
  return std::min(node->exact_rank, node->prefix_rank);
}

}  // namespace fairlead::routing
