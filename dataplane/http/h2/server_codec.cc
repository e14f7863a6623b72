#include "dataplane/http/h2/server_codec.h"

#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace fairlead::http::h2 {
namespace {

// Bodies up to this size are copied behind their frame's header: one piece more to send costs more.
constexpr size_t kMaxCopied = 1024;
// Frames that wait to be written, beyond which a client that doesn't read is not read from either.
constexpr size_t kMaxQueuedFrames = 1024;
// CONTINUATIONs of a header block: with them it is larger than any limit on heads.
constexpr uint32_t kMaxContinuations = 8;
// Room for header blocks that a connection keeps between them.
constexpr size_t kMaxKeptText = 4096;
// Frames that carry nothing and need no excuse: what the data sent and received accounts for, kept up to this number.
constexpr uint32_t kMaxFramesAllowed = 4096;

constexpr uint8_t kDrainPing[8] = {'d', 'r', 'a', 'i', 'n', 0, 0, 0};
constexpr uint8_t kAlivePing[8] = {'a', 'l', 'i', 'v', 'e', '?', 0, 0};

constexpr size_t kFrameHeaderSize = 9;

// How long frames may come for a stream that we have reset: its client may not know yet (RFC 9113 §5.4.2).
constexpr uint64_t kResetMemoryMs = 30'000;

uint32_t FramesAccountedFor(size_t data_bytes) { return 2 + static_cast<uint32_t>(data_bytes / 512); }

// Resets that the client brought about by breaking a rule: they free its stream as its own do (CVE-2025-8671).
bool BlamesClient(uint32_t code) {
  return code != NGHTTP2_NO_ERROR && code != NGHTTP2_INTERNAL_ERROR && code != NGHTTP2_CANCEL;
}

}  // namespace

ServerCodec::ServerCodec(ServerCodecHost* host, ServerContext* context, const HeadLimits* limits,
                         const ServerSettings& settings)
    : host_(host),
      context_(context),
      reader_(limits),
      resets_(settings.max_resets, host->now_ms()),
      control_frames_(settings.max_control_frames, host->now_ms()),
      last_frame_ms_(host->now_ms()),
      taken_ms_(host->now_ms()),
      max_streams_(settings.max_concurrent_streams) {
  if (nghttp2_session_server_new2(&session_, context->callbacks(), this, context->options()) != 0) {
    std::abort();
  }
  // A client that keeps to max_header_bytes and max_header_count keeps to this: each field counts 32 bytes here, 4
  // there.
  SendPreface(settings, limits->max_head_bytes + 28 * limits->max_fields);
}

ServerCodec::~ServerCodec() {
  streams_.ForEach([this](ServerStream* stream) {
    stream->Clear();
    context_->Return(stream);
  });
  nghttp2_session_del(session_);
}

void ServerCodec::SendPreface(const ServerSettings& settings, uint32_t max_header_list_bytes) {
  // nghttp2 would end the connection for one stream too many, once it knows the limit. The RFC asks for a refused
  // stream (§5.1.2): so the limit is held here, and nghttp2 is told none; the frame that it makes of this says what we
  // hold.
  constexpr uint32_t kUnlimited = INT32_MAX;
  const nghttp2_settings_entry entries[] = {
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, kUnlimited},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, settings.stream_window},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, max_header_list_bytes},
      {NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1},
      {NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1},
  };
  nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, entries, std::size(entries));
  const uint8_t* frame = nullptr;
  const ssize_t size = nghttp2_session_mem_send(session_, &frame);
  constexpr size_t kLimitOffset = kFrameHeaderSize + 2;  // of the first entry's value
  std::array<char, kFrameHeaderSize + 6 * std::size(entries)> bytes;
  if (size != static_cast<ssize_t>(bytes.size())) std::abort();  // nothing else was submitted
  std::memcpy(bytes.data(), frame, bytes.size());
  for (int i = 0; i < 4; ++i) bytes[kLimitOffset + i] = static_cast<char>(max_streams_ >> (24 - 8 * i));
  host_->output().Append({bytes.data(), bytes.size()}, host_->blocks());

  nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0,
                                        static_cast<int32_t>(settings.connection_window));
}

ServerStream* ServerCodec::Find(int32_t id) const {
  return static_cast<ServerStream*>(nghttp2_session_get_stream_user_data(session_, id));
}

// The connection ------------------------------------------------------------------------------------------------------

void ServerCodec::Receive(buffer::Slice bytes) {
  if (terminated_ || closing_) return;
  last_frame_ms_ = host_->now_ms();
  opened_before_ = last_opened_;
  first_opened_ = client_reset_ = 0;
  scanner_.Scan(bytes.view(), [this](const FrameHeader& header) { return LookAt(header); });
  if (terminated_) return;
  input_ = &bytes;
  const ssize_t result =
      nghttp2_session_mem_recv(session_, reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
  input_ = nullptr;
  if (terminated_) return;  // within
  switch (result) {
    case NGHTTP2_ERR_BAD_CLIENT_MAGIC:
      return Terminate(NGHTTP2_PROTOCOL_ERROR);
    case NGHTTP2_ERR_FLOODED:
      host_->OnConnectionLimit(ConnectionLimit::kControlFrames);
      return Terminate(NGHTTP2_ENHANCE_YOUR_CALM);
    default:
      if (result < 0) return Terminate(NGHTTP2_INTERNAL_ERROR);
  }
  if (!held_back_ && host_->output().size() >= ServerCodecHost::kHighWatermark &&
      nghttp2_session_get_outbound_queue_size(session_) > kMaxQueuedFrames) {
    held_back_ = true;
    host_->PauseReceive();
  }
}

bool ServerCodec::ReceiveEnd() {
  EndStreams(ClientError::kDisconnected);
  closing_ = true;
  return false;
}

bool ServerCodec::EndIdle() {
  if (closing_) return false;
  terminated_ = true;
  nghttp2_session_terminate_session(session_, NGHTTP2_NO_ERROR);
  Write();
  EndStreams(ClientError::kDisconnected);  // none but those whose responses nobody takes
  closing_ = true;
  return true;
}

void ServerCodec::ConnectionLost(ClientError error) {
  closing_ = true;
  EndStreams(error);
}

void ServerCodec::RequestTimeout(const char*) {
  if (closing_) return;
  Terminate(NGHTTP2_PROTOCOL_ERROR);
  host_->Touch();
}

void ServerCodec::EndStreams(ClientError error) {
  streams_.ForEach([error](ServerStream* stream) { stream->Fail(error); });
  block_stream_ = nullptr;
}

void ServerCodec::LeaveHead(const ServerStream* stream) {
  if (block_ != Block::kRequest || block_stream_ != stream) return;
  reader_.Stop();
  block_stream_ = nullptr;
}

void ServerCodec::Terminate(uint32_t code) {
  if (std::exchange(terminated_, true)) return;
  nghttp2_session_terminate_session(session_, code);
  EndStreams(ClientError::kMalformed);
  block_ = Block::kNone;
}

void ServerCodec::Continue() {
  if (closing_) return;
  do {
    while (!due_.empty()) {
      ServerStream* const stream = due_.front()->stream;
      stream->due_.Unlink();
      stream->RunDue();
      if (closing_) return;
    }
    Write();
  } while (!due_.empty());
  CloseIfDone();
}

void ServerCodec::OnSent() {
  taken_ms_ = host_->now_ms();
  if (!closing_ && host_->output().size() <= ServerCodecHost::kLowWatermark) host_->Touch();  // Continue
}

void ServerCodec::Write() {
  buffer::Queue& output = host_->output();
  while (output.size() < ServerCodecHost::kHighWatermark) {
    const uint8_t* bytes = nullptr;
    const ssize_t size = nghttp2_session_mem_send(session_, &bytes);
    if (size <= 0) break;  // an error is out of memory, and leaves nothing to be sent
    output.Append({reinterpret_cast<const char*>(bytes), static_cast<size_t>(size)}, host_->blocks());
  }
  if (held_back_ && nghttp2_session_get_outbound_queue_size(session_) <= kMaxQueuedFrames / 2) {
    held_back_ = false;
    host_->ResumeReceive();
  }
}

void ServerCodec::CloseIfDone() {
  if (nghttp2_session_want_read(session_) != 0 || nghttp2_session_want_write(session_) != 0) return;
  closing_ = true;
  EndStreams(ClientError::kMalformed);  // none, but where nghttp2 has ended it
  host_->CloseAfterOutput();
}

void ServerCodec::Drain() {
  if (closing_ || std::exchange(draining_, true)) return;
  nghttp2_submit_shutdown_notice(session_);
  drain_begin_ms_ = host_->now_ms();
  host_->Touch();
}

void ServerCodec::FinishDrain() {
  if (closing_ || std::exchange(line_drawn_, true)) return;
  nghttp2_submit_goaway(session_, NGHTTP2_FLAG_NONE, nghttp2_session_get_last_proc_stream_id(session_),
                        NGHTTP2_NO_ERROR, nullptr, 0);
  host_->Touch();
}

void ServerCodec::Ping() {
  if (closing_) return;
  nghttp2_submit_ping(session_, NGHTTP2_FLAG_NONE, kAlivePing);
  host_->Touch();
}

// Frames --------------------------------------------------------------------------------------------------------------

bool ServerCodec::TakeControlFrame() {
  if (control_frames_.Take(host_->now_ms())) return true;
  host_->OnConnectionLimit(ConnectionLimit::kControlFrames);
  Terminate(NGHTTP2_ENHANCE_YOUR_CALM);
  return false;
}

bool ServerCodec::TakeReset() {
  if (resets_.Take(host_->now_ms())) return true;
  host_->OnConnectionLimit(ConnectionLimit::kResets);
  Terminate(NGHTTP2_ENHANCE_YOUR_CALM);
  return false;
}

bool ServerCodec::LookAt(const FrameHeader& header) {
  switch (header.type) {
    case NGHTTP2_HEADERS:
      continuations_ = 0;
      if (header.stream > last_opened_) {
        last_opened_ = header.stream;
        if (first_opened_ == 0) first_opened_ = header.stream;
        ++opened_;
        return true;
      }
      [[fallthrough]];
    case NGHTTP2_DATA:
      if (!IsForClosedStream(header)) return true;
      // Which it was can't be told where numbers were left out: a stream never opened, or one that is over (§5.1.1).
      Terminate(opened_ == (last_opened_ + 1) / 2 ? NGHTTP2_STREAM_CLOSED : NGHTTP2_PROTOCOL_ERROR);
      return false;
    case NGHTTP2_RST_STREAM:
      client_reset_ = header.stream;
      return true;
    case NGHTTP2_CONTINUATION:
      if (++continuations_ <= kMaxContinuations) return true;
      host_->OnConnectionLimit(ConnectionLimit::kContinuations);
      Terminate(NGHTTP2_ENHANCE_YOUR_CALM);
      return false;
    case NGHTTP2_PRIORITY:
      OnPriority(header);
      if (terminated_) return false;
      break;
    case NGHTTP2_WINDOW_UPDATE:
    case NGHTTP2_PING:
      if (frames_allowed_ > 0) {
        --frames_allowed_;
        return true;
      }
      break;
    default:
      break;
  }
  return TakeControlFrame();
}

bool ServerCodec::IsForClosedStream(const FrameHeader& header) const {
  if (header.stream % 2 == 0) return false;
  if (header.stream == client_reset_) return true;
  if (header.stream > opened_before_) return header.stream < first_opened_;
  if (last_reset_ms_ != 0 && last_frame_ms_ < last_reset_ms_ + kResetMemoryMs) return false;
  return nghttp2_session_find_stream(session_, static_cast<int32_t>(header.stream)) == nullptr;
}

void ServerCodec::OnPriority(const FrameHeader& header) {
  if (header.stream == 0) return Terminate(NGHTTP2_PROTOCOL_ERROR);
  if (header.parent != header.stream) return;
  // RFC 7540 §5.3.1.
  if (ServerStream* const stream = Find(static_cast<int32_t>(header.stream)); stream != nullptr) {
    Malformed(stream, "a stream that depends on itself");
  } else {
    Terminate(NGHTTP2_PROTOCOL_ERROR);
  }
}

int ServerCodec::OnBeginHeaders(const nghttp2_frame& frame) {
  block_begin_ms_ = last_frame_ms_;
  has_priority_ = false;
  if (frame.headers.cat != NGHTTP2_HCAT_REQUEST) {
    block_ = Block::kTrailers;
    block_stream_ = Find(frame.hd.stream_id);
    if (block_stream_ != nullptr) trailer_reader_.Start();
    return 0;
  }
  block_ = Block::kRequest;
  block_stream_ = nullptr;
  if (streams_open_ >= max_streams_) {
    host_->OnConnectionLimit(ConnectionLimit::kConcurrentStreams);
    // Counted as a reset when it is sent.
    nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, frame.hd.stream_id, NGHTTP2_REFUSED_STREAM);
    return 0;
  }
  if (streams_open_ == 0) taken_ms_ = last_frame_ms_;  // nobody has looked while it was idle
  ServerStream* const stream = context_->Take();
  stream->Begin(this, frame.hd.stream_id, last_frame_ms_);
  nghttp2_session_set_stream_user_data(session_, frame.hd.stream_id, stream);
  streams_.PushBack(stream);
  ++streams_open_;
  block_stream_ = stream;
  stream->handler_ = host_->OnStreamBegin(stream);
  reader_.Start(&stream->handler_->request_head());
  return 0;
}

void ServerCodec::OnHeader(std::string_view name, std::string_view value, bool never_indexed) {
  if (block_stream_ == nullptr) return;
  if (block_ == Block::kTrailers) {
    trailer_reader_.Add(name, value, never_indexed);
    return;
  }
  reader_.Add(name, value, never_indexed);
  if (name == "priority") {
    priority_ = ParsePriority(value);
    has_priority_ = true;
  }
}

int ServerCodec::OnFrame(const nghttp2_frame& frame) {
  const bool end_stream = (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
  const bool ack = (frame.hd.flags & NGHTTP2_FLAG_ACK) != 0;
  switch (frame.hd.type) {
    case NGHTTP2_HEADERS: {
      ServerStream* const stream = std::exchange(block_stream_, nullptr);
      const Block block = std::exchange(block_, Block::kNone);
      if (stream == nullptr) break;
      if (block == Block::kRequest) {
        EndRequestHead(stream, end_stream);
      } else {
        EndTrailers(stream, end_stream);
      }
      break;
    }
    case NGHTTP2_DATA: {
      if (!end_stream) {
        if (frame.hd.length == frame.data.padlen) TakeControlFrame();
        break;
      }
      ServerStream* const stream = Find(frame.hd.stream_id);
      if (stream == nullptr) break;
      if (const char* reason = stream->TakeEnd(nullptr); reason != nullptr) Malformed(stream, reason);
      break;
    }
    case NGHTTP2_RST_STREAM:
      // A stream whose response was sent is closed, and not found: that reset undid nothing.
      if (Find(frame.hd.stream_id) != nullptr) {
        TakeReset();
      } else {
        TakeControlFrame();
      }
      break;
    case NGHTTP2_SETTINGS:
      if (ack) break;
      handshake_done_ = true;
      for (size_t i = 0; i < frame.settings.niv; ++i) {
        const nghttp2_settings_entry& entry = frame.settings.iv[i];
        if (entry.settings_id == NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE && OverflowsWindows(entry.value)) {
          Terminate(NGHTTP2_FLOW_CONTROL_ERROR);
        }
      }
      break;
    case NGHTTP2_WINDOW_UPDATE:
      if (ServerStream* const stream = Find(frame.hd.stream_id); stream != nullptr) {
        stream->window_given_ += frame.window_update.window_size_increment;
      }
      break;
    case NGHTTP2_PING:
      if (ack && std::memcmp(frame.ping.opaque_data, kDrainPing, sizeof(kDrainPing)) == 0 && draining_) FinishDrain();
      break;
    case NGHTTP2_PRIORITY_UPDATE: {
      const auto* const update = static_cast<const nghttp2_ext_priority_update*>(frame.ext.payload);
      prioritized_early_ = update->stream_id;
      if (update->stream_id == 0) Terminate(NGHTTP2_PROTOCOL_ERROR);  // RFC 9218 §7.1
      break;
    }
    default:
      break;
  }
  return terminated_ ? NGHTTP2_ERR_CALLBACK_FAILURE : 0;
}

bool ServerCodec::OverflowsWindows(uint32_t initial_window) {
  bool overflows = false;
  streams_.ForEach([&](const ServerStream* stream) {
    if (initial_window + stream->window_given_ > stream->sent_ + INT32_MAX) overflows = true;
  });
  return overflows;
}

void ServerCodec::OnData(int32_t id, std::string_view data) {
  frames_allowed_ = std::min(kMaxFramesAllowed, frames_allowed_ + FramesAccountedFor(data.size()));
  ServerStream* const stream = Find(id);
  if (stream == nullptr) return Consume(id, data.size());
  const char* const reason = stream->TakeData(input_->Sub(data.data() - input_->data(), data.size()));
  if (reason != nullptr) Malformed(stream, reason);
}

void ServerCodec::OnStreamClosed(int32_t id) {
  ServerStream* const stream = Find(id);
  if (stream == nullptr) return;
  stream->Fail(ClientError::kDisconnected);
  if (block_stream_ == stream) block_stream_ = nullptr;
  if (stream->held_uncredited_ > 0) nghttp2_session_consume_connection(session_, stream->held_uncredited_);
  stream->Clear();
  context_->Return(stream);
  --streams_open_;
}

int ServerCodec::OnFrameSent(const nghttp2_frame& frame) {
  switch (frame.hd.type) {
    case NGHTTP2_RST_STREAM:
      last_reset_ms_ = std::max<uint64_t>(1, host_->now_ms());
      if (BlamesClient(frame.rst_stream.error_code)) TakeReset();
      break;
    case NGHTTP2_GOAWAY:
      // Most rules are held by nghttp2, which has ended it all then.
      if (frame.goaway.error_code != NGHTTP2_NO_ERROR) terminated_ = true;
      // Behind the first GOAWAY, so that its answer says that this was read. PINGs overtake what was submitted before.
      if (draining_ && !line_drawn_) nghttp2_submit_ping(session_, NGHTTP2_FLAG_NONE, kDrainPing);
      break;
    case NGHTTP2_HEADERS:
    case NGHTTP2_DATA: {
      if ((frame.hd.flags & NGHTTP2_FLAG_END_STREAM) == 0) break;
      // The answer is whole, and the request is not: the client may stop sending it (RFC 9113 §8.1).
      ServerStream* const stream = Find(frame.hd.stream_id);
      if (stream != nullptr && !stream->request_ended_ && !stream->tunnel_) Reset(stream, NGHTTP2_NO_ERROR);
      break;
    }
    default:
      break;
  }
  return 0;
}

int ServerCodec::WriteDataFrame(ServerStream* stream, const uint8_t* header, size_t size) {
  buffer::Queue& output = host_->output();
  if (output.size() >= ServerCodecHost::kHighWatermark) return NGHTTP2_ERR_WOULDBLOCK;
  output.Append({reinterpret_cast<const char*>(header), kFrameHeaderSize}, host_->blocks());
  if (size == 0) return 0;
  if (size > kMaxCopied) {
    stream->unsent_.MoveTo(size, output);
  } else {
    iovec pieces[8];
    for (size_t left = size; left > 0;) {
      const int count = stream->unsent_.FillIovecs(pieces, std::size(pieces));
      size_t copied = 0;
      for (int i = 0; i < count && copied < left; ++i) {
        const size_t n = std::min(pieces[i].iov_len, left - copied);
        output.Append({static_cast<const char*>(pieces[i].iov_base), n}, host_->blocks());
        copied += n;
      }
      stream->unsent_.Consume(copied);
      left -= copied;
    }
  }
  data_sent_ += size;
  frames_allowed_ = std::min(kMaxFramesAllowed, frames_allowed_ + FramesAccountedFor(size));
  stream->sent_ += size;
  stream->progress_ms_ = host_->now_ms();
  if (stream->handler_ != nullptr && stream->unsent_.size() <= ServerCodecHost::kLowWatermark) {
    stream->MakeDue(&ServerStream::drained_due_);
  }
  return 0;
}

// Requests ------------------------------------------------------------------------------------------------------------

void ServerCodec::EndRequestHead(ServerStream* stream, bool end_stream) {
  const ReadResult result = reader_.Finish(end_stream);
  stream->KeepHead(reader_.text());
  if (reader_.capacity() > kMaxKeptText) reader_.Shrink();
  if (!result.done()) {
    stream->request_ended_ = end_stream;
    return Refuse(stream, result);
  }
  if (has_priority_ && prioritized_early_ != stream->id_) ApplyPriority(stream->id_);
  stream->TakeHead(end_stream);
}

void ServerCodec::EndTrailers(ServerStream* stream, bool end_stream) {
  if (stream->reset_) return;
  if (!end_stream) return Malformed(stream, "a header block within the body");
  const ReadResult result = trailer_reader_.Finish();
  if (!result.done()) {
    stream->request_ended_ = true;
    Refuse(stream, result);
  } else if (const char* reason =
                 stream->TakeEnd(trailer_reader_.fields().empty() ? nullptr : &trailer_reader_.fields())) {
    Malformed(stream, reason);
  }
  if (trailer_reader_.capacity() > kMaxKeptText) trailer_reader_.Shrink();
}

void ServerCodec::ApplyPriority(int32_t id) {
  nghttp2_extpri priority{.urgency = priority_.urgency, .inc = priority_.incremental ? 1 : 0};
  nghttp2_session_change_extpri_stream_priority(session_, id, &priority, /*ignore_client_signal=*/0);
}

void ServerCodec::Malformed(ServerStream* stream, const char* reason) { Refuse(stream, ReadResult::Malformed(reason)); }

void ServerCodec::Refuse(ServerStream* stream, const ReadResult& result) {
  if (stream->handler_ != nullptr) host_->OnRequestRefused(result.status, result.reason, result.limit);
  if (result.outcome == ReadResult::Outcome::kMalformed) {
    stream->Refuse(0, result.reason);
    return Reset(stream, NGHTTP2_PROTOCOL_ERROR);
  }
  const bool can_answer = !stream->head_sent_;
  stream->Refuse(result.status, result.reason);
  if (!can_answer) return Reset(stream, NGHTTP2_ENHANCE_YOUR_CALM);
  stream->WriteError(result.status, result.reason, FieldEdits());
}

void ServerCodec::Reset(ServerStream* stream, uint32_t code) {
  if (std::exchange(stream->reset_, true)) return;
  nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, stream->id_, code);
  host_->Touch();
}

void ServerCodec::Consume(int32_t id, size_t bytes) { nghttp2_session_consume(session_, id, bytes); }

}  // namespace fairlead::http::h2
