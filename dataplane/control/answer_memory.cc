#include "dataplane/control/answer_memory.h"

#include <cstring>
#include <utility>

#include "api/fingerprint/canonical_bytes.h"
#include "dataplane/base/absl_strings.h"

namespace fairlead::control {

uint64_t AnswerMemory::HashOf(const v1::Transaction& transaction) {
  std::string bytes;
  api::CanonicalBytes(transaction, bytes);
  uint64_t hash = bytes.size();
  bytes.resize((bytes.size() + 7) / 8 * 8);
  for (size_t place = 0; place < bytes.size(); place += 8) {
    uint64_t word;
    std::memcpy(&word, bytes.data() + place, sizeof(word));
    hash = (hash ^ word) * 0x9e3779b97f4a7c15;
    hash ^= hash >> 32;
  }
  return hash | 1;
}

const AnswerMemory::Entry* AnswerMemory::Find(std::string_view id) const {
  const auto place = entries_.find(base::ToAbsl(id));
  return place == entries_.end() ? nullptr : &place->second;
}

void AnswerMemory::Add(const std::string& id, uint64_t hash, std::shared_ptr<v1::FromProxy> answer) {
  if (order_.size() == kCapacity) {
    entries_.erase(order_.front());
    order_.pop_front();
  }
  entries_[id] = {hash, std::move(answer)};
  order_.push_back(id);
}

}  // namespace fairlead::control
