#include "dataplane/http/h2/test_server.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

namespace fairlead::http::h2 {
namespace {

std::string Lines(const FieldList& fields) {
  std::string lines;
  for (const FieldList::Field& field : fields) {
    lines.append(fields.name(field)).append(": ").append(fields.value(field)).append("\n");
  }
  return lines;
}

std::string_view View(const uint8_t* bytes, size_t size) { return {reinterpret_cast<const char*>(bytes), size}; }

std::vector<nghttp2_nv> Pairs(const TestServer::Fields& fields) {
  std::vector<nghttp2_nv> pairs;
  const auto bytes = [](const std::string& text) { return reinterpret_cast<uint8_t*>(const_cast<char*>(text.data())); };
  for (const auto& [name, value] : fields) {
    pairs.push_back({bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE});
  }
  return pairs;
}

}  // namespace

void TestExchange::OnResponseHead() {
  EXPECT_EQ(status, 0);
  status = head.status;
  fields = Lines(head.fields);
}

void TestExchange::OnResponseData(buffer::Slice data) {
  EXPECT_FALSE(ended || error.has_value());
  EXPECT_FALSE(data.empty());
  body += data.view();
  if (pause_on_data) stream.PauseBody();
}

void TestExchange::OnResponseEnd(const FieldList* list) {
  EXPECT_FALSE(ended || error.has_value());
  ended = true;
  if (list != nullptr) trailers = Lines(*list);
  if (abandon_on_end) stream.Abandon();
}

void TestExchange::OnServerError(ServerError server_error, std::string_view server_detail) {
  EXPECT_FALSE(ended || error.has_value());
  EXPECT_FALSE(server_detail.empty());
  error = server_error;
  detail = server_detail;
}

TestServer::TestServer(const ClientSettings& settings, std::vector<nghttp2_settings_entry> server_settings)
    : codec(this, settings) {
  nghttp2_session_callbacks* callbacks;
  nghttp2_session_callbacks_new(&callbacks);
  nghttp2_session_callbacks_set_on_header_callback(
      callbacks, [](nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name, size_t name_size,
                    const uint8_t* value, size_t value_size, uint8_t, void* self) {
        Request& request = static_cast<TestServer*>(self)->requests[frame->hd.stream_id];
        std::string& lines = frame->headers.cat == NGHTTP2_HCAT_REQUEST ? request.fields : request.trailers;
        lines.append(View(name, name_size)).append(": ").append(View(value, value_size)).append("\n");
        return 0;
      });
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(
      callbacks, [](nghttp2_session* session, uint8_t, int32_t id, const uint8_t* data, size_t size, void* self) {
        auto* server = static_cast<TestServer*>(self);
        server->requests[id].body += View(data, size);
        if (server->consume) nghttp2_session_consume(session, id, size);
        return 0;
      });
  nghttp2_session_callbacks_set_on_frame_recv_callback(
      callbacks, [](nghttp2_session*, const nghttp2_frame* frame, void* self) {
        auto* server = static_cast<TestServer*>(self);
        if (frame->hd.type == NGHTTP2_GOAWAY) server->goaway = frame->goaway.error_code;
        if (frame->hd.type == NGHTTP2_PING) ++server->pings;
        if (frame->hd.type == NGHTTP2_RST_STREAM)
          server->requests[frame->hd.stream_id].reset = frame->rst_stream.error_code;
        const bool has_flag = frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA;
        if (has_flag && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) {
          server->requests[frame->hd.stream_id].ended = true;
        }
        return 0;
      });
  nghttp2_option* options;
  nghttp2_option_new(&options);
  nghttp2_option_set_no_auto_window_update(options, 1);
  nghttp2_session_server_new2(&session_, callbacks, this, options);
  nghttp2_option_del(options);
  nghttp2_session_callbacks_del(callbacks);
  nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, server_settings.data(), server_settings.size());
}

void TestServer::Begin(TestExchange* exchange, std::string_view method, BodyFraming framing, const HeadEdits& edits) {
  exchange->stream.Begin(&codec, exchange, exchange);
  RequestHead head = heads_.Request(method, "/", "a");
  head.framing = framing;
  exchange->stream.SendHead(head, edits);
  if (framing == BodyFraming::kNone) exchange->stream.SendEnd(nullptr);
}

void TestServer::SendBody(TestExchange* exchange, std::string_view bytes) {
  buffer::Queue queue;
  queue.Append(bytes, pool);
  for (buffer::Slice& slice : queue.TakeSlices()) exchange->stream.SendData(std::move(slice));
}

void TestServer::PumpToServer() {
  while (touched_ || !output_.empty()) {
    while (touched_) {
      touched_ = false;
      codec.Continue();
    }
    std::string bytes;
    while (!output_.empty()) bytes += output_.TakeFront(output_.size()).view();
    if (!bytes.empty()) {
      sent += bytes;
      EXPECT_GE(nghttp2_session_mem_recv(session_, reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()), 0);
      codec.OnSent();
    }
  }
}

void TestServer::PumpToClient() {
  const uint8_t* bytes;
  while (true) {
    const ssize_t size = nghttp2_session_mem_send(session_, &bytes);
    ASSERT_GE(size, 0);
    if (size == 0) return;
    Receive(View(bytes, size));
  }
}

void TestServer::Pump() {
  do {
    PumpToServer();
    PumpToClient();
  } while (touched_ || !output_.empty() || nghttp2_session_want_write(session_) != 0);
}

void TestServer::Receive(std::string_view bytes) {
  buffer::Queue queue;
  queue.Append(bytes, pool);
  for (buffer::Slice& slice : queue.TakeSlices()) codec.Receive(std::move(slice));
}

ssize_t TestServer::ReadBody(nghttp2_session* session, int32_t id, uint8_t* out, size_t length, uint32_t* flags,
                             nghttp2_data_source*, void* self) {
  Body& body = static_cast<TestServer*>(self)->bodies_[id];
  const size_t size = std::min(length, body.bytes.size());
  std::memcpy(out, body.bytes.data(), size);
  body.bytes.erase(0, size);
  if (body.bytes.empty()) {
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    if (!body.trailers.empty()) {
      *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
      const std::vector<nghttp2_nv> pairs = Pairs(body.trailers);
      nghttp2_submit_trailer(session, id, pairs.data(), pairs.size());
    }
  }
  return static_cast<ssize_t>(size);
}

void TestServer::Respond(int32_t id, const Fields& fields, std::string_view body, const Fields& trailers) {
  const std::vector<nghttp2_nv> pairs = Pairs(fields);
  bodies_[id] = {std::string(body), trailers};
  const nghttp2_data_provider provider = {{.ptr = nullptr}, ReadBody};
  const bool has_body = !body.empty() || !trailers.empty();
  ASSERT_EQ(nghttp2_submit_response(session_, id, pairs.data(), pairs.size(), has_body ? &provider : nullptr), 0);
}

void TestServer::Interim(int32_t id, const Fields& fields) {
  const std::vector<nghttp2_nv> pairs = Pairs(fields);
  ASSERT_EQ(nghttp2_submit_headers(session_, NGHTTP2_FLAG_NONE, id, nullptr, pairs.data(), pairs.size(), nullptr), 0);
}

std::string Frame(uint8_t type, uint8_t flags, int32_t stream, std::string_view payload) {
  std::string frame;
  const auto byte = [&](uint32_t value) { frame += static_cast<char>(value & 0xff); };
  byte(static_cast<uint32_t>(payload.size()) >> 16);
  byte(static_cast<uint32_t>(payload.size()) >> 8);
  byte(static_cast<uint32_t>(payload.size()));
  byte(type);
  byte(flags);
  for (int shift = 24; shift >= 0; shift -= 8) byte(static_cast<uint32_t>(stream) >> shift);
  frame.append(payload);
  return frame;
}

}  // namespace fairlead::http::h2
