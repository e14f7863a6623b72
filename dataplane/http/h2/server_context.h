#pragma once

#include <nghttp2/nghttp2.h>

#include <cstddef>
#include <memory>
#include <vector>

namespace fairlead::http::h2 {

class ServerStream;

// What the ServerCodecs of one worker share: nghttp2's table of callbacks and its options, and streams that wait for
// their next use with the room that they have. Outlives the codecs; on the worker's thread alone.
class ServerContext {
 public:
  ServerContext();
  ~ServerContext();
  ServerContext(const ServerContext&) = delete;
  ServerContext& operator=(const ServerContext&) = delete;

  const nghttp2_session_callbacks* callbacks() const { return callbacks_; }
  const nghttp2_option* options() const { return options_; }

  ServerStream* Take();
  // One that was cleared.
  void Return(ServerStream* stream);

 private:
  static constexpr size_t kMaxFree = 1024;

  nghttp2_session_callbacks* callbacks_ = nullptr;
  nghttp2_option* options_ = nullptr;
  std::vector<std::unique_ptr<ServerStream>> free_;
};

}  // namespace fairlead::http::h2
