#pragma once

#include <nghttp2/nghttp2.h>

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "dataplane/base/intrusive_list.h"
#include "dataplane/buffer/slice.h"
#include "dataplane/http/h2/frame_scanner.h"
#include "dataplane/http/h2/priority_field.h"
#include "dataplane/http/h2/rate_limit.h"
#include "dataplane/http/h2/rate_window.h"
#include "dataplane/http/h2/read_result.h"
#include "dataplane/http/h2/request_reader.h"
#include "dataplane/http/h2/server_context.h"
#include "dataplane/http/h2/server_settings.h"
#include "dataplane/http/h2/server_stream.h"
#include "dataplane/http/h2/trailer_reader.h"
#include "dataplane/http/head_limits.h"
#include "dataplane/http/server_codec.h"

namespace fairlead::http::h2 {

// HTTP/2 toward a client (RFC 9113): many requests at a time, each with a stream of its own.
//
// nghttp2 knows frames, HPACK, the states of streams and their windows; what a message may say is the readers'
// business. It writes no more than fits into the host's output below the high mark, so that which stream is next is
// decided as late as can be: by urgency (RFC 9218), in turns among equals. A stream's bytes stay with it until then.
//
// What the client may send is what the core has taken: a window opens again when the handler has had the bytes, and
// stays shut while it holds the body back.
//
// nghttp2 must not be asked to go on from within its own callbacks, and handlers may do anything: so they are told of
// what frames bring at once, but of what sending brings (room, bodies that may come again) in Continue.
class ServerCodec : public http::ServerCodec {
 public:
  // All outlive the codec; `settings` is only read here.
  ServerCodec(ServerCodecHost* host, ServerContext* context, const HeadLimits* limits, const ServerSettings& settings);
  ~ServerCodec() override;
  ServerCodec(const ServerCodec&) = delete;
  ServerCodec& operator=(const ServerCodec&) = delete;

  // http::ServerCodec:
  void Receive(buffer::Slice bytes) override;
  bool ReceiveEnd() override;
  bool EndIdle() override;
  void ConnectionLost(ClientError error) override;
  void Continue() override;
  void OnSent() override;
  // GOAWAY in two steps (RFC 9113 §6.8): the first lets the client know, the second, a round trip later, draws the
  // line.
  void Drain() override;
  bool idle() const override { return streams_open_ == 0 && !receiving_head() && !terminated_; }
  bool receiving_head() const override { return !handshake_done_; }
  bool awaiting_response() const override { return false; }
  bool receiving_body() const override { return false; }
  bool awaiting_body() const override { return false; }
  void RequestTimeout(const char* reason) override;

  // Looks whether the client keeps to its times and rates, stream by stream. About once a second while not idle. False:
  // it takes nothing any more, not even the end; the connection is to be cut.
  bool CheckTimes(const ClientTimes& times);
  // Asks the client whether it is still there; each frame from it is an answer.
  void Ping();
  uint64_t last_frame_ms() const { return last_frame_ms_; }
  bool draining() const { return draining_; }
  // It ends in no order, or after too long: what is left is to say why, for which nobody waits long.
  bool terminated() const { return terminated_; }

 private:
  friend class ServerContext;
  friend class ServerStream;

  enum class Block : uint8_t { kNone, kRequest, kTrailers };

  // nghttp2's callbacks; see ServerContext.
  int OnBeginHeaders(const nghttp2_frame& frame);
  void OnHeader(std::string_view name, std::string_view value, bool never_indexed);
  int OnFrame(const nghttp2_frame& frame);
  void OnData(int32_t id, std::string_view data);
  void OnStreamClosed(int32_t id);
  int OnFrameSent(const nghttp2_frame& frame);
  int WriteDataFrame(ServerStream* stream, const uint8_t* header, size_t size);

  // What the client sends, as it comes: counts what carries nothing, and refuses what nghttp2 passes over. False:
  // nothing more is read.
  bool LookAt(const FrameHeader& header);
  // For a stream that is over, and not because we have reset it: such a client is confused.
  bool IsForClosedStream(const FrameHeader& header) const;
  void OnPriority(const FrameHeader& header);
  // Whether streams that begin with this window have one of more than 2^31-1 somewhere, for what they were given since:
  // an error of the connection (RFC 9113 §6.9.2), which nghttp2 takes for the stream's.
  bool OverflowsWindows(uint32_t initial_window);
  void EndRequestHead(ServerStream* stream, bool end_stream);
  void EndTrailers(ServerStream* stream, bool end_stream);
  void ApplyPriority(int32_t id);

  void SendPreface(const ServerSettings& settings, uint32_t max_header_list_bytes);
  // Has nghttp2 fill the output.
  void Write();
  // What came of it all: the end of the connection, maybe.
  void CloseIfDone();
  void Refuse(ServerStream* stream, const ReadResult& result);
  void Malformed(ServerStream* stream, const char* reason);
  void CheckStream(ServerStream* stream, const ClientTimes& times, bool reads_too_slowly, uint64_t now_ms);
  void TimeOut(ServerStream* stream, ConnectionLimit limit, const char* reason);
  void Reset(ServerStream* stream, uint32_t code);
  // A frame that carries nothing. False: one too many.
  bool TakeControlFrame();
  bool TakeReset();
  // Ends it all, for what a limit or nghttp2 says.
  void Terminate(uint32_t code);
  void FinishDrain();
  void EndStreams(ClientError error);
  // The stream's handler will not wait for the rest of its head, if that is what comes: it may read what has come of
  // it, for the last time.
  void LeaveHead(const ServerStream* stream);
  void Consume(int32_t id, size_t bytes);
  ServerStream* Find(int32_t id) const;

  ServerCodecHost* const host_;
  ServerContext* const context_;
  nghttp2_session* session_ = nullptr;
  RequestReader reader_;
  TrailerReader trailer_reader_;
  FrameScanner scanner_;
  base::IntrusiveList<ServerStream> streams_;
  base::IntrusiveList<ServerStream::Due> due_;
  ServerStream* block_stream_ = nullptr;  // whose header block comes; null: nobody's, and it is only decoded
  const buffer::Slice* input_ = nullptr;  // in Receive
  RateLimit resets_;
  RateLimit control_frames_;
  RateWindow window_window_;  // the connection's, while the client keeps it shut
  uint64_t data_sent_ = 0;    // bytes in DATA frames
  uint64_t last_frame_ms_ = 0;
  uint64_t block_begin_ms_ = 0;
  uint64_t taken_ms_ = 0;  // when the client took something of the output, or there was none
  uint64_t drain_begin_ms_ = 0;
  uint32_t frames_allowed_ = 0;  // WINDOW_UPDATE and PING, by the data that was sent and received
  const uint32_t max_streams_;
  uint32_t streams_open_ = 0;
  uint64_t last_reset_ms_ = 0;  // when we sent one; 0: never
  // The client's streams: the highest number, and how many were opened; the highest number before what was received
  // last, and the first one opened by that.
  uint32_t last_opened_ = 0;
  uint32_t opened_ = 0;
  uint32_t opened_before_ = 0;
  uint32_t first_opened_ = 0;
  uint32_t client_reset_ = 0;      // the last stream that it has reset
  int32_t prioritized_early_ = 0;  // a stream that PRIORITY_UPDATE named before it was opened
  Priority priority_;              // of the header block that comes
  Block block_ = Block::kNone;
  uint32_t continuations_ = 0;
  bool has_priority_ = false;
  bool handshake_done_ = false;  // the client's SETTINGS have come
  bool draining_ = false;
  bool line_drawn_ = false;  // the second GOAWAY
  bool terminated_ = false;  // nothing more is read
  bool closing_ = false;     // nor written
  bool held_back_ = false;   // the client is to read before it sends more
};

}  // namespace fairlead::http::h2
