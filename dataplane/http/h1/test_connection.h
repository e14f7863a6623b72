#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dataplane/buffer/queue.h"
#include "dataplane/buffer/shared_block.h"
#include "dataplane/buffer/slice.h"
#include "dataplane/http/h1/parse_result.h"
#include "dataplane/http/h1/server_codec.h"
#include "dataplane/http/server_codec.h"

// A client's connection without a socket, for tests and fuzz targets of ServerCodec: strings in, strings out.
namespace fairlead::http::h1 {

// One request, as its handler hears of it. Answers nothing by itself: tests call it, or set hooks.
class TestRequest final : public ServerStreamHandler {
 public:
  TestRequest(ServerStream* stream, buffer::BlockPool* blocks) : stream_(stream), blocks_(blocks) {}

  ServerStream& stream() { return *stream_; }
  // A final or interim response's head, as an upstream codec gives it; `text` ends with the empty line.
  void SendHead(std::string_view text);
  void SendData(std::string_view bytes);
  void SendEnd() { stream_->SendEnd(nullptr); }
  // The head of a tunnel.
  void SendTunnelHead(std::string_view text, std::string_view upgrade = {});
  // A whole response.
  void Respond(std::string_view body);

  RequestHead& request_head() override { return head; }
  void OnRequestHead(bool has_body) override;
  void OnRequestData(buffer::Slice data) override;
  void OnRequestEnd(const FieldList* fields) override;
  void OnRefused(uint16_t status, const char* reason) override;
  void OnStreamError(ClientError stream_error) override;
  void OnResponseDrained() override { ++drained; }

  RequestHead head;
  std::string path;  // once the head is complete
  bool body_follows = false;
  bool tunnel = false;
  std::string body;
  std::string trailers;  // "name: value" LF each
  bool ended = false;    // all of it was received
  std::optional<ClientError> error;
  std::optional<uint16_t> refused_with;  // 0: without an answer
  int drained = 0;
  std::function<void()> on_head, on_data, on_end;

 private:
  ServerStream* const stream_;
  buffer::BlockPool* const blocks_;
};

// The connection: bytes wait here while receiving is paused, turn work is done behind each callback, and output is sent
// at once unless `sending` is false. Checks what a codec may never do.
class TestConnection final : private ServerCodecHost {
 public:
  explicit TestConnection(const HeadLimits& limits = {});

  // Bytes from the client, in one piece (or a few, when they are many).
  void Receive(std::string_view bytes);
  // Its end, behind what it sent before.
  void ReceiveEnd();
  // Runs `function` as a callback of the loop.
  void Run(const std::function<void()>& function);
  // The kernel takes `size` bytes of output.
  void Send(size_t size);

  // What was sent since the last call.
  std::string TakeSent() { return std::exchange(sent_, {}); }
  size_t unsent() const { return output_.size(); }
  size_t blocks_in_use() const { return blocks_.blocks_in_use(); }
  ServerCodec& codec() { return *codec_; }
  TestRequest& request(size_t index) { return *requests.at(index); }

  std::vector<std::unique_ptr<TestRequest>> requests;
  std::function<void(TestRequest&)> on_begin;
  // Whether pieces that follow one another lie behind one another, as epoll's do, or in a block each, as io_uring's.
  bool in_one_block = false;
  bool sending = true;
  bool receiving = true;
  bool shut_down = false;              // nothing more is sent after the output
  bool closing = false;                // after its output
  bool reset = false;                  // closed at once
  std::optional<bool> kept_after_end;  // what ServerCodec::ReceiveEnd returned
  std::vector<uint16_t> refused;
  std::vector<RequestLimit> limits_reached;  // by those
  std::vector<uint16_t> responses;

 private:
  ServerStreamHandler* OnStreamBegin(ServerStream* stream) override;
  void OnRequestRefused(uint16_t status, const char* reason, RequestLimit limit) override;
  void OnConnectionLimit(ConnectionLimit) override {}
  void OnResponse(uint16_t status) override { responses.push_back(status); }
  buffer::Queue& output() override { return output_; }
  buffer::BlockPool& blocks() override { return blocks_; }
  void Touch() override { touched_ = true; }
  void PauseReceive() override { receiving = false; }
  void ResumeReceive() override { receiving = true; }
  void ShutdownAfterOutput() override { shut_down = true; }
  void CloseAfterOutput() override { closing = true; }
  void CloseNow() override { reset = true; }
  uint64_t now_ms() const override { return 0; }
  std::string_view date() override { return {}; }

  // Gives the codec what it is ready for.
  void Deliver();
  buffer::Slice MakeSlice(std::string_view bytes);

  const HeadLimits limits_;
  buffer::BlockPool blocks_;
  std::optional<buffer::SharedBlock> shared_block_;
  buffer::Queue output_;
  std::deque<std::string> waiting_;  // with the kernel
  bool end_waits_ = false;
  bool delivering_ = false;
  bool touched_ = false;
  std::string sent_;
  std::unique_ptr<ServerCodec> codec_;
};

}  // namespace fairlead::http::h1
