#include "dataplane/http/h1/test_connection.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "dataplane/http/h1/fuzz_check.h"
#include "dataplane/http/h1/piecewise.h"
#include "dataplane/http/h1/response_parser.h"
#include "dataplane/http/message.h"

namespace fairlead::http::h1 {

void TestRequest::SendHead(std::string_view text) {
  const HeadLimits limits;
  ResponseParser parser(&limits);
  ResponseHead response;
  const ParseResult result = parser.Parse(text, head.method, &response);
  Check(result.outcome == ParseResult::Outcome::kDone && result.head_size == text.size(), "the test's head is one");
  if (response.status < 200) return stream_->SendInformational(response);
  stream_->SendHead(response, {});
}

void TestRequest::SendTunnelHead(std::string_view text, std::string_view upgrade) {
  const HeadLimits limits;
  ResponseParser parser(&limits);
  ResponseHead response;
  const ParseResult result = parser.Parse(text, head.method, &response);
  Check(result.outcome == ParseResult::Outcome::kDone && result.head_size == text.size(), "the test's head is one");
  response.framing = BodyFraming::kTunnel;
  HeadEdits edits;
  edits.upgrade = upgrade;
  tunnel = true;
  ended = false;
  stream_->SendHead(response, edits);
}

void TestRequest::SendData(std::string_view bytes) {
  buffer::Queue queue;
  queue.Append(bytes, *blocks_);
  for (buffer::Slice& slice : queue.TakeSlices()) stream_->SendData(std::move(slice));
}

void TestRequest::Respond(std::string_view content) {
  SendHead("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(content.size()) + "\r\n\r\n");
  if (head.method != Method::kHead) SendData(content);
  SendEnd();
}

void TestRequest::OnRequestHead(bool has_body) {
  Check(path.empty(), "one head");
  path = head.path();
  body_follows = has_body;
  ended = !has_body;
  if (on_head) on_head();
  if (ended && on_end) on_end();
}

void TestRequest::OnRequestData(buffer::Slice data) {
  Check((body_follows || tunnel) && !ended && !error.has_value() && !data.empty(), "data within a body");
  body += data.view();
  if (on_data) on_data();
}

void TestRequest::OnRequestEnd(const FieldList* fields) {
  Check((body_follows || tunnel) && !ended && !error.has_value(), "a body's end");
  ended = true;
  if (fields != nullptr) trailers = Describe(*fields);
  if (on_end) on_end();
}

void TestRequest::OnRefused(uint16_t status, const char* reason) {
  Check(!refused_with.has_value() && !error.has_value() && reason != nullptr, "one refusal, in front of the error");
  refused_with = status;
}

void TestRequest::OnStreamError(ClientError stream_error) {
  Check(!error.has_value(), "one error");
  Check((stream_error == ClientError::kMalformed) == refused_with.has_value(), "what is malformed was refused");
  error = stream_error;
}

TestConnection::TestConnection(const HeadLimits& limits) : limits_(limits), codec_(new ServerCodec(this, &limits_)) {
  shared_block_.emplace(blocks_);
}

void TestConnection::Receive(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::string_view piece = bytes.substr(0, buffer::BlockPool::kBlockSize);
    waiting_.emplace_back(piece);
    bytes.remove_prefix(piece.size());
  }
  Deliver();
}

void TestConnection::ReceiveEnd() {
  end_waits_ = true;
  Deliver();
}

void TestConnection::Deliver() {
  if (std::exchange(delivering_, true)) return;  // the loop below goes on
  while (receiving && !closing && !reset && !waiting_.empty()) {
    buffer::Slice slice = MakeSlice(waiting_.front());
    waiting_.pop_front();
    Run([&] { codec_->Receive(std::move(slice)); });
  }
  if (receiving && !closing && !reset && end_waits_) {
    end_waits_ = false;
    Run([&] { kept_after_end = codec_->ReceiveEnd(); });
  }
  delivering_ = false;
}

buffer::Slice TestConnection::MakeSlice(std::string_view bytes) {
  if (in_one_block) return shared_block_->Copy(bytes);
  buffer::Block* block = blocks_.Allocate();
  block->used = static_cast<uint32_t>(bytes.size());
  std::memcpy(block->data(), bytes.data(), bytes.size());
  return buffer::Slice(block, block->data(), bytes.size());
}

void TestConnection::Run(const std::function<void()>& function) {
  touched_ = false;
  function();
  // A codec that has work left asks for it again; this many rounds are more than a connection has bytes to read.
  for (int round = 0; touched_ && !closing && !reset; ++round) {
    Check(round < 100'000, "turn work comes to an end");
    touched_ = false;
    codec_->Continue();
  }
  if (sending) Send(output_.size());
  Deliver();
}

void TestConnection::Send(size_t size) {
  size = std::min(size, output_.size());
  if (size == 0) return;
  Check(!reset, "nothing is sent behind a reset");
  for (size_t left = size; left > 0;) {
    iovec iovecs[16];
    const int count = output_.FillIovecs(iovecs, 16);
    size_t sent = 0;
    for (int i = 0; i < count && sent < left; ++i) {
      const size_t part = std::min(iovecs[i].iov_len, left - sent);
      sent_.append(static_cast<const char*>(iovecs[i].iov_base), part);
      sent += part;
    }
    output_.Consume(sent);
    left -= sent;
  }
  Run([&] { codec_->OnSent(); });
}

ServerStreamHandler* TestConnection::OnStreamBegin(ServerStream* stream) {
  requests.push_back(std::make_unique<TestRequest>(stream, &blocks_));
  if (on_begin) on_begin(*requests.back());
  return requests.back().get();
}

void TestConnection::OnRequestRefused(uint16_t status, const char* reason, RequestLimit limit) {
  Check(reason != nullptr && *reason != '\0', "a reason");
  refused.push_back(status);
  limits_reached.push_back(limit);
}

}  // namespace fairlead::http::h1
