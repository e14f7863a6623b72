#include "dataplane/buffer/shared_block.h"

#include <cstring>

namespace fairlead::buffer {

char* SharedBlock::Room(size_t minimum) {
  if (block_ != nullptr && block_->references == 1) block_->used = 0;
  if (room() < minimum) {
    Release();
    block_ = pool_.Allocate();
  }
  return block_->data() + block_->used;
}

Slice SharedBlock::Cut(size_t n) {
  char* data = block_->data() + block_->used;
  block_->used += static_cast<uint32_t>(n);
  ++block_->references;
  return Slice(block_, data, n);
}

Slice SharedBlock::Copy(std::string_view bytes) {
  std::memcpy(Room(bytes.size()), bytes.data(), bytes.size());
  return Cut(bytes.size());
}

void SharedBlock::Release() {
  if (block_ != nullptr) Slice(block_, block_->data(), 0);
  block_ = nullptr;
}

}  // namespace fairlead::buffer
