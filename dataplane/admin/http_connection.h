#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/functional/any_invocable.h"
#include "dataplane/admin/answer.h"
#include "dataplane/admin/page.h"
#include "dataplane/buffer/queue.h"
#include "dataplane/buffer/slice.h"
#include "dataplane/event/loop.h"
#include "dataplane/http/h1/request_parser.h"
#include "dataplane/http/message.h"

namespace fairlead::admin {

// One HTTP/1 client of the admin server, on the control thread. Requests are answered one after another; while one is
// being answered nothing is read. A page is made piece by piece, each when the one before is with the kernel, in a turn
// of its own: a slow client costs one piece, and other work of the loop comes in between.
class HttpConnection final : private event::SocketHandler {
 public:
  static constexpr uint64_t kHeaderTimeoutMs =
      10'000;                                         // for a head, from its first byte; for the first byte of all, too
  static constexpr uint64_t kIdleTimeoutMs = 60'000;  // for the next request
  static constexpr uint64_t kSendTimeoutMs = 30'000;  // for the client to take anything of an answer
  static constexpr uint64_t kLingerMs = 2'000;        // for the client to close, after an answer that was the last

  // The connection is over: destroy it, which may be done within the call.
  using OnEnd = absl::AnyInvocable<void(HttpConnection*)>;

  // Takes over a connected socket, whose handler it becomes. All else outlives the connection.
  HttpConnection(event::Loop* loop, event::Socket* socket, Answerer* answerer, OnEnd* on_end);
  ~HttpConnection();
  HttpConnection(const HttpConnection&) = delete;
  HttpConnection& operator=(const HttpConnection&) = delete;

 private:
  enum class State : uint8_t {
    kReading,    // a request's head, or waiting for one
    kAnswering,  // sending, not reading
    kLingering,  // the answer is sent; what still comes is dropped until the client closes
  };

  void OnConnected(int) override {}  // it is already
  void OnReceived(buffer::Slice bytes) override;
  void OnReceiveEnd(int error) override;
  void OnSent(size_t sent, int error) override;

  // Each of these may destroy `this`, as its last act.
  void ReadRequest();
  void SendMore();
  void FinishAnswer();
  void OnDeadline();

  void BeginAnswer(Answer answer);
  void WriteError(uint16_t status, std::string_view detail);
  void WriteHead(const Answer& answer);
  // Puts the next piece of the page, or its end, into output_.
  void WritePiece();
  // Sends what output_ holds.
  void Send();

  static constexpr http::HeadLimits kLimits = {.max_head_bytes = 16 * 1024};

  event::Loop* const loop_;
  Answerer* const answerer_;
  OnEnd* const on_end_;
  event::Socket* const socket_;
  event::Timer deadline_;
  State state_ = State::kReading;
  std::string input_;  // since the first byte of the head
  http::h1::RequestParser parser_{&kLimits};
  http::RequestHead request_;
  bool keep_alive_ = false;  // after the present answer
  std::unique_ptr<Page> page_;
  http::BodyFraming page_framing_ = http::BodyFraming::kNone;
  buffer::Queue output_;
};

}  // namespace fairlead::admin
