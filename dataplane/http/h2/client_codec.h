#pragma once

#include <nghttp2/nghttp2.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "dataplane/base/intrusive_list.h"
#include "dataplane/buffer/queue.h"
#include "dataplane/buffer/slice.h"
#include "dataplane/http/client_codec.h"
#include "dataplane/http/h2/client_stream.h"
#include "dataplane/http/h2/control_frames.h"
#include "dataplane/http/h2/response_reader.h"
#include "dataplane/http/h2/trailer_reader.h"
#include "dataplane/http/head_limits.h"

namespace fairlead::http::h2 {

// The connection to a server, as its codec sees it.
class ClientCodecHost {
 public:
  virtual buffer::Queue& output() = 0;
  virtual buffer::BlockPool& blocks() = 0;
  // There is something to do for Continue, at the end of the running callback.
  virtual void Touch() = 0;
  // Milliseconds of the monotonic clock, as of this turn.
  virtual uint64_t now_ms() = 0;

 protected:
  ~ClientCodecHost() = default;
};

struct ClientSettings {
  uint32_t max_concurrent_streams = 100;
  uint32_t stream_window = 65'535;
  uint32_t connection_window = 1'048'576;
  const char* scheme = "http";  // a literal: of the connection
};

// HTTP/2 toward a server (RFC 9113), on nghttp2: one connection, many streams. Does no I/O: its connection feeds it,
// calls Continue when something is to be done, and sends its output. Server push is refused (SETTINGS_ENABLE_PUSH 0).
//
// Flow control: what comes of a body is the client's stream alone to stop. The bytes of a stream that is paused are
// kept, at most its window, and no more is granted to it; what they took of the connection's window is given back at
// once, so that one client that does not read stops nobody else. A connection so keeps at most max_concurrent_streams
// times stream_window bytes.
//
// A server that breaks the protocol on a stream loses that stream; one that breaks the connection's, or sends more
// frames that carry nothing than ControlFrames allows, loses all of them, and is told by GOAWAY.
//
// Owned by its connection, outlives its streams' stay; on its worker's thread alone.
class ClientCodec final {
 public:
  // Interim responses that one final response may have in front; a server that sends more loses the stream.
  static constexpr int kMaxInformational = 32;

  // `host` outlives the codec. The connection's preface is output with the first Continue.
  ClientCodec(ClientCodecHost* host, const ClientSettings& settings);
  ClientCodec(const ClientCodec&) = delete;
  ClientCodec& operator=(const ClientCodec&) = delete;

  void Receive(buffer::Slice bytes);
  // The connection's end: orderly (0) or an errno. All streams end.
  void ReceiveEnd(int error);
  // All streams end for a reason that the connection knows.
  void Fail(ServerError error, std::string_view detail);
  // Delivers what was held back, and fills the output.
  void Continue();
  // Bytes were sent; output() has shrunk.
  void OnSent();
  // No more streams; those under way go on. Tells the server.
  void Drain();
  // Asks the server for a sign of life.
  void Ping();

  // Whether a stream may begin.
  bool accepts_streams() const { return !draining_ && !broken_; }
  // The server's SETTINGS have come.
  bool settings_received() const { return settings_received_; }
  // Streams that the server has refused before it began with them.
  uint64_t refusals() const { return refusals_; }
  // Streams that the server allows, or is taken to until it has said so.
  uint32_t max_streams() const;
  uint32_t streams() const { return streams_count_; }
  // Nothing more will come of it: the protocol was broken. What is left of the output may still be sent.
  bool broken() const { return broken_; }
  // The server has said GOAWAY.
  bool left_by_server() const { return left_by_server_; }
  // The server has sent too many frames for nothing.
  bool flooded() const { return flooded_; }

 private:
  friend class ClientStream;
  struct SessionDeleter {
    void operator()(nghttp2_session* session) const { nghttp2_session_del(session); }
  };
  // What is output at most, beside one frame, before the kernel has taken some.
  static constexpr size_t kMaxOutput = 128 * 1024;
  static constexpr HeadLimits kLimits{};

  static nghttp2_session* MakeSession(ClientCodec* codec, const ClientSettings& settings);

  // nghttp2's callbacks.
  static int OnBeginFrame(nghttp2_session*, const nghttp2_frame_hd* header, void* self);
  static int OnBeginHeaders(nghttp2_session*, const nghttp2_frame* frame, void* self);
  static int OnHeader(nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name, size_t name_size,
                      const uint8_t* value, size_t value_size, uint8_t flags, void* self);
  static int OnFrame(nghttp2_session*, const nghttp2_frame* frame, void* self);
  static int OnInvalidFrame(nghttp2_session*, const nghttp2_frame* frame, int error, void* self);
  static int OnInvalidHeader(nghttp2_session*, const nghttp2_frame*, const uint8_t*, size_t, const uint8_t*, size_t,
                             uint8_t, void* self);
  static int OnData(nghttp2_session*, uint8_t flags, int32_t id, const uint8_t* data, size_t size, void* self);
  static int OnStreamClose(nghttp2_session*, int32_t id, uint32_t code, void* self);
  static int SendData(nghttp2_session*, nghttp2_frame* frame, const uint8_t* header, size_t length,
                      nghttp2_data_source*, void* self);
  static ssize_t ReadBody(nghttp2_session*, int32_t id, uint8_t*, size_t length, uint32_t* flags, nghttp2_data_source*,
                          void* self);

  ClientStream* Find(int32_t id) {
    return static_cast<ClientStream*>(nghttp2_session_get_stream_user_data(session_.get(), id));
  }
  void Attach(ClientStream* stream);
  void Detach(ClientStream* stream);
  // Has Continue look after it.
  void SetDue(ClientStream* stream);
  // Opens the stream with its request's head.
  void Submit(ClientStream* stream, const HeaderBlock& block);
  void ResetStream(ClientStream* stream, uint32_t code);
  bool server_takes_extended_connect() const {
    return nghttp2_session_get_remote_settings(session_.get(), NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL) == 1;
  }
  void OnHeadersEnd(const nghttp2_frame& frame);
  void OnSettings();
  void FillOutput();
  // The server has broken the protocol of the connection.
  void Break(uint32_t code, std::string_view detail);

  ClientCodecHost* const host_;
  const ClientSettings settings_;
  std::unique_ptr<nghttp2_session, SessionDeleter> session_;
  base::IntrusiveList<ClientStream> streams_;
  base::IntrusiveList<ClientStream> due_;  // of these, those that Continue is to look after
  uint32_t streams_count_ = 0;
  ResponseReader head_reader_{&kLimits};
  TrailerReader trailer_reader_;
  ClientStream* reading_ = nullptr;  // the stream whose header block comes; null: it was refused
  ControlFrames control_frames_;
  const buffer::Slice* receiving_ = nullptr;  // what OnData's bytes lie in
  uint64_t refusals_ = 0;
  uint64_t output_total_ = 0;  // bytes that were ever output
  std::string fault_;          // what the server did last that HTTP/2 forbids
  bool settings_received_ : 1 = false;
  bool reading_trailers_ : 1 = false;
  bool flooded_ : 1 = false;
  bool draining_ : 1 = false;
  bool broken_ : 1 = false;
  bool left_by_server_ : 1 = false;
};

}  // namespace fairlead::http::h2
