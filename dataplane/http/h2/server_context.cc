#include "dataplane/http/h2/server_context.h"

#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <utility>

#include "dataplane/http/h2/server_codec.h"

namespace fairlead::http::h2 {
namespace {

// PINGs and SETTINGS that wait for their answers to be written; more come in no single receive, and the next waits.
constexpr size_t kMaxOutboundAcks = 4096;

ServerCodec* Codec(void* user_data) { return static_cast<ServerCodec*>(user_data); }

std::string_view View(const uint8_t* bytes, size_t size) { return {reinterpret_cast<const char*>(bytes), size}; }

}  // namespace

ServerContext::ServerContext() {
  if (nghttp2_session_callbacks_new(&callbacks_) != 0 || nghttp2_option_new(&options_) != 0) std::abort();  // no memory

  nghttp2_session_callbacks_set_on_begin_headers_callback(
      callbacks_, [](nghttp2_session*, const nghttp2_frame* frame, void* user_data) {
        return Codec(user_data)->OnBeginHeaders(*frame);
      });
  nghttp2_session_callbacks_set_on_header_callback(
      callbacks_, [](nghttp2_session*, const nghttp2_frame*, const uint8_t* name, size_t name_size,
                     const uint8_t* value, size_t value_size, uint8_t flags, void* user_data) {
        Codec(user_data)->OnHeader(View(name, name_size), View(value, value_size),
                                   (flags & NGHTTP2_NV_FLAG_NO_INDEX) != 0);
        return 0;
      });
  nghttp2_session_callbacks_set_on_frame_recv_callback(
      callbacks_,
      [](nghttp2_session*, const nghttp2_frame* frame, void* user_data) { return Codec(user_data)->OnFrame(*frame); });
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(
      callbacks_, [](nghttp2_session*, uint8_t, int32_t id, const uint8_t* data, size_t size, void* user_data) {
        Codec(user_data)->OnData(id, View(data, size));
        return 0;
      });
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks_,
                                                         [](nghttp2_session*, int32_t id, uint32_t, void* user_data) {
                                                           Codec(user_data)->OnStreamClosed(id);
                                                           return 0;
                                                         });
  nghttp2_session_callbacks_set_on_frame_send_callback(
      callbacks_, [](nghttp2_session*, const nghttp2_frame* frame, void* user_data) {
        return Codec(user_data)->OnFrameSent(*frame);
      });
  nghttp2_session_callbacks_set_send_data_callback(
      callbacks_, [](nghttp2_session*, nghttp2_frame*, const uint8_t* header, size_t size, nghttp2_data_source* source,
                     void* user_data) {
        return Codec(user_data)->WriteDataFrame(static_cast<ServerStream*>(source->ptr), header, size);
      });

  nghttp2_option_set_no_auto_window_update(options_, 1);
  // What a message may say is held by the readers, whatever the version of HTTP behind the proxy.
  nghttp2_option_set_no_http_messaging(options_, 1);
  nghttp2_option_set_builtin_recv_extension_type(options_, NGHTTP2_PRIORITY_UPDATE);
  // They are counted by the codec: this would count pieces of frames.
  nghttp2_option_set_max_continuations(options_, SIZE_MAX);
  nghttp2_option_set_max_outbound_ack(options_, kMaxOutboundAcks);
  // Resets have a limit of the listener's.
  nghttp2_option_set_stream_reset_rate_limit(options_, 1'000'000'000, 1'000'000'000);
}

ServerContext::~ServerContext() {
  nghttp2_session_callbacks_del(callbacks_);
  nghttp2_option_del(options_);
}

ServerStream* ServerContext::Take() {
  if (free_.empty()) return new ServerStream;
  ServerStream* stream = free_.back().release();
  free_.pop_back();
  return stream;
}

void ServerContext::Return(ServerStream* stream) {
  std::unique_ptr<ServerStream> owned(stream);
  if (free_.size() < kMaxFree) free_.push_back(std::move(owned));
}

}  // namespace fairlead::http::h2
