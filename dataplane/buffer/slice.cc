#include "dataplane/buffer/slice.h"

#include <cassert>
#include <new>

namespace fairlead::buffer {

BlockPool::~BlockPool() {
  assert(in_use_ == 0 && "a slice outlives its pool");
  for (Block* block : free_) ::operator delete(block);
  if (budget_ != nullptr) budget_->Add(-reported_bytes_);
}

void BlockPool::Join(Budget* budget) {
  budget_ = budget;
  Report();
}

void BlockPool::Report() {
  if (budget_ == nullptr) return;
  budget_->Add(charged_bytes_ - reported_bytes_);
  reported_bytes_ = charged_bytes_;
}

Block* BlockPool::Allocate() {
  ++in_use_;
  Charge(kAllocationBytes);
  Block* block;
  if (free_.empty()) {
    block = static_cast<Block*>(::operator new(sizeof(Block) + kBlockSize));
  } else {
    block = free_.back();
    free_.pop_back();
  }
  return new (block) Block{.references = 1, .used = 0, .pool = this};
}

void BlockPool::Free(Block* block) {
  --in_use_;
  Charge(-kAllocationBytes);
  if (free_.size() < max_free_ && !lean()) {
    free_.push_back(block);
  } else {
    ::operator delete(block);
  }
}

}  // namespace fairlead::buffer
