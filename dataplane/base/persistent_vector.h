#pragma once

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace fairlead::base {

// A vector whose copies share what they have in common: copying is O(1), and changing an element of a copy costs one
// path of a tree of 32-way nodes, whatever the size. Nodes that only one vector holds are changed in place, so that a
// run of changes to a fresh copy pays for each path once.
//
// Copies are made and changed on one thread (the control side); other threads may read a vector that is not changed any
// more. T is copyable and default-constructible; a null pointer stands for a free place in all uses here.
template <typename T>
class PersistentVector {
 public:
  PersistentVector() = default;
  PersistentVector(const PersistentVector&) = default;
  PersistentVector& operator=(const PersistentVector&) = default;
  // Leaves `other` empty.
  PersistentVector(PersistentVector&& other) noexcept { *this = std::move(other); }
  PersistentVector& operator=(PersistentVector&& other) noexcept {
    root_ = std::move(other.root_);
    size_ = std::exchange(other.size_, 0);
    shift_ = std::exchange(other.shift_, 0);
    return *this;
  }

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  // `index` below size().
  const T& operator[](size_t index) const {
    const Node* node = root_.get();
    for (int shift = shift_; shift > 0; shift -= kBits) node = node->children[(index >> shift) & kMask].get();
    return node->values[index & kMask];
  }

  // Puts `value` in place of the element at `index`, below size().
  void Set(size_t index, T value) { MutableLeaf(index)->values[index & kMask] = std::move(value); }

  void PushBack(T value) {
    if (root_ == nullptr) root_ = std::make_shared<Node>();
    if (size_ == size_t{1} << (shift_ + kBits)) {
      auto root = std::make_shared<Node>();
      root->children.push_back(std::move(root_));
      root_ = std::move(root);
      shift_ += kBits;
    }
    MutableLeaf(size_)->values.push_back(std::move(value));
    ++size_;
  }

  // Calls `visit(index, value)` for each element in order.
  template <typename Visit>
  void ForEach(Visit visit) const {
    for (size_t leaf = 0; leaf < size_; leaf += kMask + 1) {
      const Node* node = root_.get();
      for (int shift = shift_; shift > 0; shift -= kBits) node = node->children[(leaf >> shift) & kMask].get();
      for (size_t i = 0; i < node->values.size(); ++i) visit(leaf + i, node->values[i]);
    }
  }

 private:
  static constexpr int kBits = 5;
  static constexpr size_t kMask = (size_t{1} << kBits) - 1;

  // Inner nodes have children, leaves have values.
  struct Node {
    std::vector<std::shared_ptr<Node>> children;
    std::vector<T> values;
  };

  static Node* MakeUnique(std::shared_ptr<Node>& node) {
    if (node == nullptr) {
      node = std::make_shared<Node>();
    } else if (node.use_count() > 1) {
      node = std::make_shared<Node>(*node);
    }
    return node.get();
  }

  // The leaf that holds `index`, or will, with every node on the way to it held by this vector alone.
  Node* MutableLeaf(size_t index) {
    Node* node = MakeUnique(root_);
    for (int shift = shift_; shift > 0; shift -= kBits) {
      size_t child = (index >> shift) & kMask;
      if (child == node->children.size()) node->children.emplace_back();
      node = MakeUnique(node->children[child]);
    }
    return node;
  }

  std::shared_ptr<Node> root_;
  size_t size_ = 0;
  int shift_ = 0;
};

}  // namespace fairlead::base
