#include "dataplane/control/answer_memory.h"

#include <utility>

#include "absl/hash/hash.h"
#include "api/fingerprint/canonical_bytes.h"
#include "dataplane/base/absl_strings.h"

namespace fairlead::control {

uint64_t AnswerMemory::HashOf(const v1::Transaction& transaction) {
  std::string bytes;
  api::CanonicalBytes(transaction, bytes);
  return absl::HashOf(bytes);
}

const AnswerMemory::Entry* AnswerMemory::Find(std::string_view id) const {
  const auto place = entries_.find(base::ToAbsl(id));
  return place == entries_.end() ? nullptr : &place->second;
}

void AnswerMemory::Add(const std::string& id, uint64_t hash, std::shared_ptr<const v1::FromProxy> answer) {
  if (order_.size() == kCapacity) {
    entries_.erase(order_.front());
    order_.pop_front();
  }
  entries_[id] = {hash, std::move(answer)};
  order_.push_back(id);
}

}  // namespace fairlead::control
