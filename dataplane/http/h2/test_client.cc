#include "dataplane/http/h2/test_client.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "dataplane/http/h2/header_block.h"

namespace fairlead::http::h2 {
namespace {

std::string Text(const uint8_t* bytes, size_t size) { return {reinterpret_cast<const char*>(bytes), size}; }

// Fields with the text that they refer to.
struct OwnFields {
  explicit OwnFields(const HeaderList& list) {
    for (const auto& [name, value] : list) {
      const auto name_offset = static_cast<uint32_t>(text.size());
      text += name;
      const auto value_offset = static_cast<uint32_t>(text.size());
      text += value;
      fields.Add({.name_offset = name_offset,
                  .value_offset = value_offset,
                  .value_size = static_cast<uint32_t>(value.size()),
                  .name_size = static_cast<uint16_t>(name.size()),
                  .known = FindKnownField(name)});
    }
    fields.set_base(text.data());
  }

  std::string text;
  FieldList fields;
};

}  // namespace

std::string Frame(uint8_t type, uint8_t flags, int32_t stream, std::string_view payload) {
  std::string frame;
  for (int shift = 16; shift >= 0; shift -= 8) frame += static_cast<char>(payload.size() >> shift);
  frame += static_cast<char>(type);
  frame += static_cast<char>(flags);
  for (int shift = 24; shift >= 0; shift -= 8) frame += static_cast<char>(stream >> shift);
  return frame.append(payload);
}

void TestRequest::SendHead(uint16_t status, const HeaderList& fields, BodyFraming framing, uint64_t content_length) {
  const OwnFields own(fields);
  ResponseHead response;
  response.status = status;
  response.framing = framing;
  response.content_length = content_length;
  response.fields = own.fields;
  response.SetBase(own.text.data());
  if (status < 200 && status != 101) return stream_->SendInformational(response);
  stream_->SendHead(response, HeadEdits());
}

void TestRequest::SendData(std::string_view bytes) {
  while (!bytes.empty()) {
    const size_t size = std::min(bytes.size(), buffer::BlockPool::kBlockSize);
    buffer::Block* block = blocks_->Allocate();
    std::memcpy(block->data(), bytes.data(), size);
    block->used = static_cast<uint32_t>(size);
    stream_->SendData(buffer::Slice(block, block->data(), size));
    bytes.remove_prefix(size);
  }
}

void TestRequest::SendEnd(const HeaderList& fields) {
  const OwnFields own(fields);
  stream_->SendEnd(fields.empty() ? nullptr : &own.fields);
}

void TestRequest::Respond(uint16_t status, std::string_view text) {
  SendHead(status, {}, BodyFraming::kContentLength, text.size());
  SendData(text);
  SendEnd();
}

void TestRequest::OnRequestHead(bool follows) {
  path = head.path();
  body_follows = follows;
}

void TestRequest::OnStreamError(ClientError stream_error) {
  error = stream_error;
  path_at_end = head.Get(head.target);
  for (const FieldList::Field& field : head.fields) {
    fields_at_end.emplace_back(head.fields.name(field), head.fields.value(field));
  }
}

void TestRequest::OnRequestEnd(const FieldList* fields) {
  ended = true;
  if (fields != nullptr) trailers = Lines(*fields);
}

TestClient::TestClient(ServerSettings settings, HeadLimits limits)
    : limits_(limits), codec_(std::make_unique<ServerCodec>(this, &context_, &limits_, settings)) {
  nghttp2_session_callbacks* callbacks = nullptr;
  nghttp2_session_callbacks_new(&callbacks);
  SetCallbacks(callbacks);
  nghttp2_option* option = nullptr;
  nghttp2_option_new(&option);
  nghttp2_option_set_no_http_messaging(option, 1);
  nghttp2_session_client_new2(&client_, callbacks, this, option);
  nghttp2_option_del(option);
  nghttp2_session_callbacks_del(callbacks);
  nghttp2_submit_settings(client_, NGHTTP2_FLAG_NONE, nullptr, 0);
}

TestClient::~TestClient() {
  codec_->ConnectionLost(ClientError::kDisconnected);
  nghttp2_session_del(client_);
}

void TestClient::SetCallbacks(nghttp2_session_callbacks* callbacks) {
  nghttp2_session_callbacks_set_on_header_callback(
      callbacks, [](nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name, size_t name_size,
                    const uint8_t* value, size_t value_size, uint8_t, void* self) {
        TestResponse& response = static_cast<TestClient*>(self)->responses_[frame->hd.stream_id];
        const std::string name_text = Text(name, name_size);
        const std::string value_text = Text(value, value_size);
        if (name_text == ":status" && value_text[0] == '1') {
          response.interim.push_back(value_text);
        } else if (name_text == ":status") {
          response.status = value_text;
        } else if (response.status.empty()) {
          response.interim.back() += " " + name_text + ": " + value_text;
        } else if (frame->headers.cat == NGHTTP2_HCAT_HEADERS && !response.fields.empty() &&
                   response.fields.back() == "(head ended)") {
          response.trailers.push_back(name_text + ": " + value_text);
        } else {
          response.fields.push_back(name_text + ": " + value_text);
        }
        return 0;
      });
  nghttp2_session_callbacks_set_on_frame_recv_callback(
      callbacks, [](nghttp2_session*, const nghttp2_frame* frame, void* user_data) {
        auto* const self = static_cast<TestClient*>(user_data);
        TestResponse& response = self->responses_[frame->hd.stream_id];
        const bool ack = (frame->hd.flags & NGHTTP2_FLAG_ACK) != 0;
        switch (frame->hd.type) {
          case NGHTTP2_HEADERS:
            if (!response.status.empty()) response.fields.push_back("(head ended)");
            [[fallthrough]];
          case NGHTTP2_DATA:
            if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) == 0) break;
            response.ended = true;
            self->ended_.push_back(frame->hd.stream_id);
            break;
          case NGHTTP2_RST_STREAM:
            response.reset = frame->rst_stream.error_code;
            break;
          case NGHTTP2_GOAWAY:
            self->goaways.push_back(frame->goaway.error_code);
            self->last_streams.push_back(frame->goaway.last_stream_id);
            break;
          case NGHTTP2_PING:
            if (!ack) ++self->pings;
            break;
          case NGHTTP2_SETTINGS:
            for (size_t i = 0; i < frame->settings.niv; ++i) {
              self->server_settings[frame->settings.iv[i].settings_id] = frame->settings.iv[i].value;
            }
            break;
          default:
            break;
        }
        return 0;
      });
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(
      callbacks, [](nghttp2_session*, uint8_t, int32_t id, const uint8_t* data, size_t size, void* self) {
        static_cast<TestClient*>(self)->responses_[id].body += Text(data, size);
        return 0;
      });
}

int32_t TestClient::Request(const HeaderList& fields, bool ends) {
  HeaderBlock pairs;
  for (const auto& [name, value] : fields) pairs.Add(name, value);
  return nghttp2_submit_headers(client_, ends ? NGHTTP2_FLAG_END_STREAM : NGHTTP2_FLAG_NONE, -1, nullptr, pairs.data(),
                                pairs.size(), nullptr);
}

int32_t TestClient::Get(const std::string& path, const HeaderList& more, bool ends) {
  HeaderList fields = {{":method", "GET"}, {":scheme", "http"}, {":path", path}, {":authority", "test"}};
  fields.insert(fields.end(), more.begin(), more.end());
  return Request(fields, ends);
}

void TestClient::SendBody(int32_t id, std::string_view bytes, bool ends) {
  Exchange();
  Body& body = bodies_[id];
  body = {.bytes = std::string(bytes), .ends = ends};
  const nghttp2_data_provider provider{
      .source = {.ptr = &body},
      .read_callback = [](nghttp2_session*, int32_t, uint8_t* buffer, size_t room, uint32_t* flags,
                          nghttp2_data_source* source, void*) -> ssize_t {
        auto* const from = static_cast<Body*>(source->ptr);
        const size_t size = std::min(room, from->bytes.size());
        std::memcpy(buffer, from->bytes.data(), size);
        from->bytes.erase(0, size);
        if (!from->bytes.empty()) return static_cast<ssize_t>(size);
        *flags |= NGHTTP2_DATA_FLAG_EOF;
        if (!from->ends) *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
        return static_cast<ssize_t>(size);
      }};
  nghttp2_submit_data(client_, ends ? NGHTTP2_FLAG_END_STREAM : NGHTTP2_FLAG_NONE, id, &provider);
}

void TestClient::SendTrailers(int32_t id, const HeaderList& trailers) {
  HeaderBlock pairs;
  for (const auto& [name, value] : trailers) pairs.Add(name, value);
  nghttp2_submit_trailer(client_, id, pairs.data(), pairs.size());
}

void TestClient::Reset(int32_t id, uint32_t code) { nghttp2_submit_rst_stream(client_, NGHTTP2_FLAG_NONE, id, code); }

ServerStreamHandler* TestClient::OnStreamBegin(http::ServerStream* stream) {
  requests_.push_back(std::make_unique<TestRequest>(stream, &blocks_));
  return requests_.back().get();
}

void TestClient::Deliver(std::string_view bytes) {
  while (!bytes.empty() && !closing && !closed_now) {
    const size_t size = std::min<size_t>(bytes.size(), 4096);
    codec_->Receive(shared_.Copy(bytes.substr(0, size)));
    bytes.remove_prefix(size);
    RunTurn();
  }
}

void TestClient::RunTurn() {
  touched_ = false;
  if (!closing && !closed_now) codec_->Continue();
}

void TestClient::BeRaw() {
  Exchange();
  raw_ = true;
}

void TestClient::ReadRaw(std::string_view bytes) {
  raw_bytes_ += bytes;
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(raw_bytes_[i]); };
  while (raw_bytes_.size() >= 9) {
    const size_t size = byte(0) << 16 | byte(1) << 8 | byte(2);
    if (raw_bytes_.size() < 9 + size) return;
    const int32_t stream = byte(5) << 24 | byte(6) << 16 | byte(7) << 8 | byte(8);
    ReadRawFrame(byte(3), byte(4), stream, std::string_view(raw_bytes_).substr(9, size));
    raw_bytes_.erase(0, 9 + size);
  }
}

void TestClient::ReadRawFrame(uint8_t type, uint8_t flags, int32_t stream, std::string_view payload) {
  const auto number = [&](size_t offset) {
    uint32_t value = 0;
    for (size_t i = 0; i < 4; ++i) value = value << 8 | static_cast<uint8_t>(payload[offset + i]);
    return value;
  };
  switch (type) {
    case NGHTTP2_GOAWAY:
      last_streams.push_back(static_cast<int32_t>(number(0)));
      goaways.push_back(number(4));
      break;
    case NGHTTP2_RST_STREAM:
      responses_[stream].reset = number(0);
      break;
    case NGHTTP2_DATA:
      responses_[stream].body += payload;
      [[fallthrough]];
    case NGHTTP2_HEADERS:
      if ((flags & NGHTTP2_FLAG_END_STREAM) != 0) responses_[stream].ended = true;
      break;
    default:
      break;
  }
}

void TestClient::SendRaw(std::string_view bytes) {
  Exchange();
  Deliver(bytes);
}

void TestClient::Exchange(size_t limit) {
  for (bool busy = true; busy;) {
    busy = touched_;
    RunTurn();
    const uint8_t* bytes = nullptr;
    for (ssize_t size; receiving && !raw_ && (size = nghttp2_session_mem_send(client_, &bytes)) > 0;) {
      busy = true;
      Deliver(Text(bytes, static_cast<size_t>(size)));
    }
    if (!reads_) continue;
    while (!output_.empty() && limit > 0) {
      busy = true;
      iovec piece;
      output_.FillIovecs(&piece, 1);
      const size_t size = std::min({piece.iov_len, limit, size_t{8192}});
      limit -= std::min(limit, size);
      const std::string copy(static_cast<const char*>(piece.iov_base), size);
      output_.Consume(size);
      if (raw_) {
        ReadRaw(copy);
      } else {
        nghttp2_session_mem_recv(client_, reinterpret_cast<const uint8_t*>(copy.data()), copy.size());
      }
      codec_->OnSent();
    }
  }
}

}  // namespace fairlead::http::h2
