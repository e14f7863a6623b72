#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dataplane/buffer/queue.h"
#include "dataplane/buffer/slice.h"
#include "dataplane/http/h1/client_codec.h"
#include "dataplane/http/h1/piecewise.h"
#include "dataplane/http/h1/request_parser.h"

// A connection to a server without a socket, for tests of ClientCodec: strings in, strings out.
namespace fairlead::http::h1 {

// The exchange, as it hears of the response.
class TestHandler final : public ClientStreamHandler {
 public:
  ResponseHead& response_head() override { return head; }
  void OnInformational() override { interim.push_back(head.status); }
  void OnResponseHead() override {
    EXPECT_EQ(status, 0);
    status = head.status;
    described = Describe(head);
    if (pause_on_head) codec->PauseBody();
  }
  void OnResponseData(buffer::Slice data) override {
    EXPECT_FALSE(ended || error.has_value());
    EXPECT_FALSE(data.empty());
    body += data.view();
    if (pause_on_data) codec->PauseBody();
  }
  void OnResponseEnd(const FieldList* fields) override {
    EXPECT_FALSE(ended || error.has_value());
    ended = true;
    if (fields != nullptr) trailers = Describe(*fields);
  }
  void OnServerError(ServerError server_error, std::string_view detail) override {
    EXPECT_FALSE(ended || error.has_value());
    EXPECT_FALSE(detail.empty());
    error = server_error;
  }
  void OnRequestDrained() override { ++drained; }

  ResponseHead head;
  int status = 0;  // of the final response
  std::string described;
  std::vector<int> interim;
  std::string body, trailers;
  bool ended = false;
  std::optional<ServerError> error;
  int drained = 0;
  ClientCodec* codec = nullptr;
  bool pause_on_head = false;
  bool pause_on_data = false;
};

// A connection to a server, without a socket: what comes while receiving is paused waits; turn work is done behind each
// callback; output is sent at once unless `sending` is false.
class TestServer final : public ClientCodecHost {
 public:
  // Sends the head in `request` (nothing behind it), and ends the request if it has no body.
  void Begin(TestHandler* handler, std::string_view request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
             std::string_view upgrade = {}) {
    handler->codec = &codec;
    codec.Begin(handler);
    const HeadLimits limits;
    RequestParser parser(&limits);
    RequestHead head;
    ASSERT_EQ(parser.Parse(request, &head).head_size, request.size());
    HeadEdits edits;
    if (head.authority.size == 0) edits.host = "10.0.0.1:80";
    edits.upgrade = upgrade;
    codec.SendHead(head, edits);
    if (head.framing == BodyFraming::kNone) codec.SendEnd(nullptr);
    EndTurn();
  }

  void ShutdownAfterOutput() override { shut_down = true; }

  void Receive(std::string_view bytes) {
    waiting.emplace_back(bytes);
    Deliver();
  }
  void Deliver() {
    while (receiving && !waiting.empty()) {
      buffer::Slice slice = MakeSlice(waiting.front());
      waiting.pop_front();
      codec.Receive(std::move(slice));
      EndTurn();
    }
  }
  void EndTurn() {
    while (touched) {
      touched = false;
      codec.Continue();
    }
    if (sending) Send(queue.size());
  }
  void Send(size_t size) {
    if (size == 0) return;
    for (buffer::Slice& slice : queue.TakeSlices()) {
      const size_t taken = std::min(size, slice.size());
      sent += slice.view().substr(0, taken);
      size -= taken;
      slice.RemovePrefix(taken);
      queue.Append(std::move(slice));
    }
    codec.OnSent();
    EndTurn();
  }
  void SendData(std::string_view bytes) {
    buffer::Queue data;
    data.Append(bytes, pool);
    for (buffer::Slice& slice : data.TakeSlices()) codec.SendData(std::move(slice));
    EndTurn();
  }
  void SendEnd(const FieldList* trailers = nullptr) {
    codec.SendEnd(trailers);
    EndTurn();
  }
  void Resume() {
    codec.ResumeBody();
    EndTurn();
    Deliver();
  }

  buffer::Queue& output() override { return queue; }
  buffer::BlockPool& blocks() override { return pool; }
  void Touch() override { touched = true; }
  void PauseReceive() override { receiving = false; }
  void ResumeReceive() override { receiving = true; }

  buffer::BlockPool pool;
  buffer::Queue queue;
  std::deque<std::string> waiting;
  std::string sent;
  bool sending = true;
  bool receiving = true;
  bool shut_down = false;
  bool touched = false;
  ClientCodec codec{this};

 private:
  buffer::Slice MakeSlice(std::string_view bytes) {
    buffer::Block* block = pool.Allocate();
    block->used = static_cast<uint32_t>(bytes.size());
    std::memcpy(block->data(), bytes.data(), bytes.size());
    return buffer::Slice(block, block->data(), bytes.size());
  }
};

}  // namespace fairlead::http::h1
