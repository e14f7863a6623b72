#pragma once

#include <string>

#include "dataplane/buffer/queue.h"

namespace fairlead::http::h1 {

// Has `write(char* out) -> end` write at most `max_size` bytes to the end of `queue`: in place where they fit into a
// block, as nearly all heads do.
template <typename Write>
void WriteTo(buffer::Queue& queue, buffer::BlockPool& pool, size_t max_size, Write write) {
  if (max_size <= buffer::BlockPool::kBlockSize) {
    char* room = queue.Reserve(max_size, pool);
    queue.Commit(write(room) - room);
    return;
  }
  std::string bytes(max_size, '\0');
  bytes.resize(write(bytes.data()) - bytes.data());
  queue.Append(bytes, pool);
}

}  // namespace fairlead::http::h1
