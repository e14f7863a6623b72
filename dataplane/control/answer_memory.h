#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "fairlead/v1/control.pb.h"
#include "fairlead/v1/transaction.pb.h"

namespace fairlead::control {

// The answers to the last 4,096 transactions, by id, so that a controller that lost an answer can ask again. On the
// control thread, owned by the transactor.
class AnswerMemory {
 public:
  static constexpr size_t kCapacity = 4'096;

  // By this, contents are told apart: 64 bits are enough against accidents, and ids protect from nothing else. The same
  // in every process, so that answers can be kept on disk; never 0.
  static uint64_t HashOf(const v1::Transaction& transaction);

  struct Entry {
    uint64_t hash = 0;
    std::shared_ptr<v1::FromProxy> answer;
  };
  // Null for an id that was never seen, or too long ago.
  const Entry* Find(std::string_view id) const;

  // An id that is not remembered yet. Forgets the oldest where there are too many.
  void Add(const std::string& id, uint64_t hash, std::shared_ptr<v1::FromProxy> answer);
  // All, the oldest first.
  template <typename Visit>
  void ForEach(Visit visit) const {
    for (const std::string& id : order_) visit(entries_.find(id)->second);
  }

 private:
  absl::flat_hash_map<std::string, Entry> entries_;
  std::deque<std::string> order_;  // the oldest first
};

}  // namespace fairlead::control
