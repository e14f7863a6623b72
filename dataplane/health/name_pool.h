#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/functional/any_invocable.h"
#include "absl/hash/hash.h"
#include "dataplane/base/absl_strings.h"

namespace fairlead::health {

// Names that many servers have in common (backends, reporters), each kept once and for as long as someone holds it,
// with a note that everybody who holds it sees. For one thread; outlives its names.
template <typename Note>
class NotedNamePool {
  struct Node {
    const std::string text;
    NotedNamePool* const pool;
    uint64_t holders = 0;
    Note note{};
  };

 public:
  // A hold on one name: 8 bytes. Copies hold it too.
  class Name {
   public:
    Name() = default;
    Name(const Name& other) : node_(other.node_) {
      if (node_ != nullptr) ++node_->holders;
    }
    Name(Name&& other) noexcept : node_(std::exchange(other.node_, nullptr)) {}
    Name& operator=(Name other) noexcept {
      std::swap(node_, other.node_);
      return *this;
    }
    ~Name() {
      if (node_ != nullptr && --node_->holders == 0) node_->pool->Erase(node_);
    }

    std::string_view view() const { return node_ == nullptr ? std::string_view() : node_->text; }
    // Of one that is held.
    Note& note() const { return node_->note; }

   private:
    friend class NotedNamePool;
    explicit Name(Node* node) : node_(node) { ++node_->holders; }

    Node* node_ = nullptr;
  };

  // `make_note(name)` makes the note of a name that was not held.
  using MakeNote = absl::AnyInvocable<Note(std::string_view name)>;

  explicit NotedNamePool(MakeNote make_note = [](std::string_view) { return Note(); })
      : make_note_(std::move(make_note)) {}
  NotedNamePool(const NotedNamePool&) = delete;
  NotedNamePool& operator=(const NotedNamePool&) = delete;

  Name Get(std::string_view name) {
    auto place = names_.find(name);
    if (place == names_.end()) {
      place = names_.insert(std::make_unique<Node>(Node{std::string(name), this, 0, make_note_(name)})).first;
    }
    return Name(place->get());
  }

  template <typename Visit>
  void ForEach(Visit visit) {
    for (const auto& node : names_) visit(Name(node.get()));
  }
  // Names that someone holds.
  size_t size() const { return names_.size(); }

 private:
  static std::string_view TextOf(std::string_view text) { return text; }
  static std::string_view TextOf(const std::unique_ptr<Node>& node) { return node->text; }

  struct Hash {
    using is_transparent = void;
    template <typename T>
    size_t operator()(const T& name) const {
      return absl::HashOf(base::ToAbsl(TextOf(name)));
    }
  };
  struct Same {
    using is_transparent = void;
    template <typename T, typename U>
    bool operator()(const T& a, const U& b) const {
      return TextOf(a) == TextOf(b);
    }
  };

  void Erase(Node* node) { names_.erase(names_.find(std::string_view(node->text))); }

  MakeNote make_note_;
  absl::flat_hash_set<std::unique_ptr<Node>, Hash, Same> names_;
};

}  // namespace fairlead::health
