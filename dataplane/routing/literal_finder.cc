#include "dataplane/routing/literal_finder.h"

#include <algorithm>

namespace fairlead::routing {

LiteralFinder::LiteralFinder(const std::vector<Literal>& literals) {
  std::vector<const Literal*> sorted;
  for (const Literal& literal : literals) sorted.push_back(&literal);
  std::sort(sorted.begin(), sorted.end(), [](const Literal* a, const Literal* b) { return a->text < b->text; });

  // The trie, breadth first, so that a node's children lie beside one another, and its suffix, being shorter, before
  // it. For each node: the literals at or below it, and its depth.
  struct Range {
    size_t begin;
    size_t end;
    size_t depth;
  };
  std::vector<Range> ranges = {{0, sorted.size(), 0}};
  nodes_.push_back({});
  bytes_.push_back('\0');
  for (uint32_t node = 0; node < nodes_.size(); ++node) {
    auto [begin, end, depth] = ranges[node];
    nodes_[node].first_value = static_cast<uint32_t>(values_.size());
    for (; begin < end && sorted[begin]->text.size() == depth; ++begin) values_.push_back(sorted[begin]->value);
    nodes_[node].end_of_values = static_cast<uint32_t>(values_.size());

    nodes_[node].first_child = static_cast<uint32_t>(nodes_.size());
    while (begin < end) {
      const char byte = sorted[begin]->text[depth];
      size_t child_end = begin + 1;
      while (child_end < end && sorted[child_end]->text[depth] == byte) ++child_end;
      if (node == kRoot) root_children_[static_cast<uint8_t>(byte)] = static_cast<uint32_t>(nodes_.size());
      ++nodes_[node].child_count;
      nodes_.push_back({});
      bytes_.push_back(byte);
      ranges.push_back({begin, child_end, depth + 1});
      begin = child_end;
    }
  }

  for (uint32_t parent = 0; parent < nodes_.size(); ++parent) {
    for (uint32_t i = 0; i < nodes_[parent].child_count; ++i) {
      const uint32_t child = nodes_[parent].first_child + i;
      if (parent != kRoot) nodes_[child].suffix = Next(nodes_[parent].suffix, bytes_[child]);
      const bool is_literal = nodes_[child].first_value != nodes_[child].end_of_values;
      nodes_[child].nearest_ending = is_literal ? child : nodes_[nodes_[child].suffix].nearest_ending;
    }
  }
}

}  // namespace fairlead::routing
