#include "dataplane/http/h2/client_codec.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace fairlead::http::h2 {
namespace {

ClientCodec* Self(void* self) { return static_cast<ClientCodec*>(self); }

std::string_view View(const uint8_t* bytes, size_t size) { return {reinterpret_cast<const char*>(bytes), size}; }

// Frames that a server may send for nothing: ControlFrames. No honest one comes near it.
constexpr uint32_t kMaxControlFrames = 10'000;
// WINDOW_UPDATEs that a frame of DATA accounts for: one of the stream, one of the connection.
constexpr uint32_t kFramesPerData = 2;
// More than any head that the proxy takes, with what it adds. (nghttp2's own limit is 64 KiB.)
constexpr size_t kMaxSentHeaderBlock = 256 * 1024;
// Where the numbers of streams (RFC 9113 §5.1.1) come to their end, another connection is made in time.
constexpr uint32_t kLastStream = 0x7000'0000;

bool IsControlFrame(const nghttp2_frame_hd& header) {
  switch (header.type) {
    case NGHTTP2_DATA:
      return header.length == 0 && (header.flags & NGHTTP2_FLAG_END_STREAM) == 0;
    case NGHTTP2_HEADERS:
    case NGHTTP2_CONTINUATION:
      return false;
    default:
      return true;
  }
}

}  // namespace

nghttp2_session* ClientCodec::MakeSession(ClientCodec* codec, const ClientSettings& settings) {
  nghttp2_session_callbacks* callbacks;
  nghttp2_session_callbacks_new(&callbacks);
  nghttp2_session_callbacks_set_on_begin_frame_callback(callbacks, OnBeginFrame);
  nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, OnBeginHeaders);
  nghttp2_session_callbacks_set_on_header_callback(callbacks, OnHeader);
  nghttp2_session_callbacks_set_on_invalid_header_callback(callbacks, OnInvalidHeader);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, OnFrame);
  nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(callbacks, OnInvalidFrame);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, OnData);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, OnStreamClose);
  nghttp2_session_callbacks_set_send_data_callback(callbacks, SendData);

  nghttp2_option* options;
  nghttp2_option_new(&options);
  nghttp2_option_set_no_auto_window_update(options, 1);
  nghttp2_option_set_max_send_header_block_length(options, kMaxSentHeaderBlock);
  nghttp2_option_set_peer_max_concurrent_streams(options, settings.max_concurrent_streams);

  nghttp2_session* session;
  nghttp2_session_client_new2(&session, callbacks, codec, options);
  nghttp2_option_del(options);
  nghttp2_session_callbacks_del(callbacks);
  return session;
}

ClientCodec::ClientCodec(ClientCodecHost* host, const ClientSettings& settings)
    : host_(host),
      settings_(settings),
      session_(MakeSession(this, settings)),
      control_frames_(kMaxControlFrames, host->now_ms()) {
  const std::array<nghttp2_settings_entry, 3> entries = {{
      {NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, settings.stream_window},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, kLimits.max_head_bytes},
  }};
  nghttp2_submit_settings(session_.get(), NGHTTP2_FLAG_NONE, entries.data(), entries.size());
  nghttp2_session_set_local_window_size(session_.get(), NGHTTP2_FLAG_NONE, 0,
                                        static_cast<int32_t>(settings.connection_window));
  host_->Touch();
}

uint32_t ClientCodec::max_streams() const {
  return std::min(settings_.max_concurrent_streams,
                  nghttp2_session_get_remote_settings(session_.get(), NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS));
}

void ClientCodec::Attach(ClientStream* stream) {
  ++streams_count_;
  streams_.PushBack(stream);
}

void ClientCodec::Detach(ClientStream* stream) {
  if (stream->id_ != 0) nghttp2_session_set_stream_user_data(session_.get(), stream->id_, nullptr);
  stream->id_ = 0;
  stream->codec_ = nullptr;
  stream->Unlink();
  --streams_count_;
  host_->Touch();
  stream->owner_->OnStreamGone();
}

void ClientCodec::SetDue(ClientStream* stream) {
  due_.PushBack(stream);
  host_->Touch();
}

void ClientCodec::Submit(ClientStream* stream, const HeaderBlock& block) {
  const nghttp2_data_provider body = {{.ptr = nullptr}, ReadBody};
  const bool ends = stream->ends_with_head();
  const int32_t id =
      nghttp2_submit_request(session_.get(), nullptr, block.data(), block.size(), ends ? nullptr : &body, stream);
  host_->Touch();
  if (id < 0) {  // none are left
    draining_ = true;
    stream->id_ = 0;
    return;
  }
  stream->id_ = id;
  stream->request_sent_ = ends;
  control_frames_.Grant(1);  // it may be reset
  if (nghttp2_session_get_next_stream_id(session_.get()) > kLastStream) draining_ = true;
}

void ClientCodec::ResetStream(ClientStream* stream, uint32_t code) {
  nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, stream->id_, code);
  host_->Touch();
}

void ClientCodec::Receive(buffer::Slice bytes) {
  if (broken_) return;
  receiving_ = &bytes;
  const ssize_t taken =
      nghttp2_session_mem_recv(session_.get(), reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
  receiving_ = nullptr;
  host_->Touch();
  if (taken < 0) return Break(NGHTTP2_INTERNAL_ERROR, nghttp2_strerror(static_cast<int>(taken)));
  if (flooded_ && !broken_) return Break(NGHTTP2_ENHANCE_YOUR_CALM, "the server sent too many frames for nothing");
}

void ClientCodec::ReceiveEnd(int error) {
  broken_ = true;
  Fail(ServerError::kClosedBeforeResponse,
       error == 0 ? "the server closed the connection" : std::string_view(std::strerror(error)));
}

void ClientCodec::Fail(ServerError error, std::string_view detail) {
  broken_ = true;
  base::IntrusiveList<ClientStream> whole;
  for (base::IntrusiveList<ClientStream>* list : {&streams_, &due_}) {
    while (!list->empty()) {
      ClientStream* const stream = list->front();
      if (error != ServerError::kAbandoned && stream->outlives_connection()) {
        whole.PushBack(stream);
      } else {
        stream->OnConnectionLost(error, detail);
      }
    }
  }
  while (!whole.empty()) streams_.PushBack(whole.front());
  host_->Touch();
}

void ClientCodec::Break(uint32_t code, std::string_view detail) {
  nghttp2_session_terminate_session(session_.get(), code);
  FillOutput();
  Fail(ServerError::kMalformed, detail);
}

void ClientCodec::Continue() {
  while (!due_.empty()) {
    ClientStream* const stream = due_.front();
    streams_.PushBack(stream);
    stream->Continue();
  }
  FillOutput();
  // nghttp2 has told the server by GOAWAY that it broke the protocol.
  if (!broken_ && nghttp2_session_want_read(session_.get()) == 0 && (streams_count_ > 0 || !draining_)) {
    Fail(ServerError::kMalformed, fault_.empty() ? "the server broke HTTP/2" : std::string_view(fault_));
  }
  if (!due_.empty()) host_->Touch();
}

void ClientCodec::FillOutput() {
  buffer::Queue& output = host_->output();
  while (output.size() < kMaxOutput) {
    const uint8_t* bytes;
    const ssize_t size = nghttp2_session_mem_send(session_.get(), &bytes);
    if (size < 0) {
      fault_ = nghttp2_strerror(static_cast<int>(size));
      if (!broken_) Fail(ServerError::kMalformed, fault_);
      return;
    }
    if (size == 0) return;
    output.Append(View(bytes, size), host_->blocks());
    output_total_ += size;
  }
}

void ClientCodec::OnSent() { host_->Touch(); }

void ClientCodec::Drain() {
  if (draining_ || broken_) return;
  draining_ = true;
  nghttp2_submit_goaway(session_.get(), NGHTTP2_FLAG_NONE, 0, NGHTTP2_NO_ERROR, nullptr, 0);
  host_->Touch();
}

void ClientCodec::Ping() {
  nghttp2_submit_ping(session_.get(), NGHTTP2_FLAG_NONE, nullptr);
  host_->Touch();
}

int ClientCodec::OnBeginFrame(nghttp2_session*, const nghttp2_frame_hd* header, void* self) {
  ClientCodec* const codec = Self(self);
  if (IsControlFrame(*header) && !codec->control_frames_.Take(codec->host_->now_ms())) codec->flooded_ = true;
  return 0;
}

int ClientCodec::OnBeginHeaders(nghttp2_session*, const nghttp2_frame* frame, void* self) {
  ClientCodec* const codec = Self(self);
  ClientStream* const stream = codec->Find(frame->hd.stream_id);
  codec->reading_ = nullptr;
  if (stream == nullptr || stream->handler_ == nullptr) return 0;
  codec->reading_ = stream;
  codec->reading_trailers_ = stream->head_received_;
  if (stream->head_received_) {
    codec->trailer_reader_.Start();
  } else {
    codec->head_reader_.Start(&stream->handler_->response_head());
  }
  return 0;
}

int ClientCodec::OnHeader(nghttp2_session*, const nghttp2_frame*, const uint8_t* name, size_t name_size,
                          const uint8_t* value, size_t value_size, uint8_t flags, void* self) {
  ClientCodec* const codec = Self(self);
  if (codec->reading_ == nullptr) return 0;
  const bool never_indexed = (flags & NGHTTP2_NV_FLAG_NO_INDEX) != 0;
  // What is refused is told by Finish: HPACK's state needs the block's rest in any case.
  if (codec->reading_trailers_) {
    codec->trailer_reader_.Add(View(name, name_size), View(value, value_size), never_indexed);
  } else {
    codec->head_reader_.Add(View(name, name_size), View(value, value_size), never_indexed);
  }
  return 0;
}

int ClientCodec::OnInvalidHeader(nghttp2_session*, const nghttp2_frame*, const uint8_t*, size_t, const uint8_t*, size_t,
                                 uint8_t, void* self) {
  Self(self)->fault_ = "a field of the response is malformed";
  return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}

void ClientCodec::OnHeadersEnd(const nghttp2_frame& frame) {
  ClientStream* const stream = std::exchange(reading_, nullptr);
  if (stream == nullptr || stream->handler_ == nullptr) return;
  const bool end_stream = (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
  if (reading_trailers_) {
    const ReadResult result = trailer_reader_.Finish();
    if (!result.done()) return stream->Reject(NGHTTP2_PROTOCOL_ERROR, result.reason);
    return stream->OnTrailers(trailer_reader_.fields());
  }
  const ReadResult result = head_reader_.Finish(stream->is_connect_ ? Method::kConnect : stream->method_, end_stream);
  if (!result.done()) return stream->Reject(NGHTTP2_PROTOCOL_ERROR, result.reason);
  stream->head_text_ = head_reader_.text();
  stream->handler_->response_head().SetBase(stream->head_text_.data());
  stream->OnHead(end_stream);
}

int ClientCodec::OnFrame(nghttp2_session*, const nghttp2_frame* frame, void* self) {
  ClientCodec* const codec = Self(self);
  switch (frame->hd.type) {
    case NGHTTP2_HEADERS:
      codec->OnHeadersEnd(*frame);
      break;
    case NGHTTP2_DATA:
      if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) {
        ClientStream* const stream = codec->Find(frame->hd.stream_id);
        if (stream != nullptr && stream->handler_ != nullptr) stream->OnEnd();
      }
      break;
    case NGHTTP2_RST_STREAM:
      if (ClientStream* const stream = codec->Find(frame->hd.stream_id)) stream->reset_by_server_ = true;
      break;
    case NGHTTP2_SETTINGS:
      if ((frame->hd.flags & NGHTTP2_FLAG_ACK) == 0) codec->OnSettings();
      break;
    case NGHTTP2_GOAWAY:
      codec->draining_ = codec->left_by_server_ = true;
      break;
    default:
      break;
  }
  return 0;
}

void ClientCodec::OnSettings() {
  if (settings_received_) return;
  settings_received_ = true;
  streams_.ForEach([this](ClientStream* stream) {
    if (stream->deferred_ != nullptr) SetDue(stream);
  });
}

int ClientCodec::OnInvalidFrame(nghttp2_session*, const nghttp2_frame*, int error, void* self) {
  Self(self)->fault_ = std::string("the server broke HTTP/2: ") + nghttp2_strerror(error);
  return 0;
}

int ClientCodec::OnData(nghttp2_session*, uint8_t, int32_t id, const uint8_t* data, size_t size, void* self) {
  ClientCodec* const codec = Self(self);
  nghttp2_session_consume_connection(codec->session_.get(), size);
  ClientStream* const stream = codec->Find(id);
  if (stream == nullptr || stream->handler_ == nullptr) return 0;
  const buffer::Slice& received = *codec->receiving_;
  stream->OnData(received.Sub(reinterpret_cast<const char*>(data) - received.data(), size));
  return 0;
}

int ClientCodec::OnStreamClose(nghttp2_session*, int32_t id, uint32_t code, void* self) {
  ClientCodec* const codec = Self(self);
  if (ClientStream* const stream = codec->Find(id)) {
    stream->OnClose(code, codec->fault_.empty() ? "the response broke HTTP/2" : std::string_view(codec->fault_));
  }
  return 0;
}

ssize_t ClientCodec::ReadBody(nghttp2_session* session, int32_t id, uint8_t*, size_t length, uint32_t* flags,
                              nghttp2_data_source*, void* self) {
  ClientStream* const stream = Self(self)->Find(id);
  if (stream == nullptr) return NGHTTP2_ERR_DEFERRED;  // abandoned: its reset is on the way
  const size_t size = std::min(length, stream->pending_.size());
  if (stream->request_ended_ && size == stream->pending_.size()) {
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    stream->request_sent_ = true;
    if (stream->request_trailers_ != nullptr) {
      *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
      HeaderBlock block;
      block.WriteTrailers(stream->request_trailers_->list());
      nghttp2_submit_trailer(session, id, block.data(), block.size());
    }
  } else if (size == 0) {
    stream->starved_ = true;
    return NGHTTP2_ERR_DEFERRED;
  }
  if (size > 0) *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
  return static_cast<ssize_t>(size);
}

int ClientCodec::SendData(nghttp2_session*, nghttp2_frame* frame, const uint8_t* header, size_t length,
                          nghttp2_data_source*, void* self) {
  constexpr size_t kFrameHeaderSize = 9;
  ClientCodec* const codec = Self(self);
  buffer::Queue& output = codec->host_->output();
  if (output.size() >= kMaxOutput) return NGHTTP2_ERR_WOULDBLOCK;
  ClientStream* const stream = codec->Find(frame->hd.stream_id);
  if (stream == nullptr) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  output.Append(View(header, kFrameHeaderSize), codec->host_->blocks());
  codec->output_total_ += kFrameHeaderSize + length;
  stream->output_mark_ = codec->output_total_;
  stream->MoveBody(length, &output);
  codec->control_frames_.Grant(kFramesPerData);
  return 0;
}

}  // namespace fairlead::http::h2
