#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>

#include "dataplane/config/backend.h"
#include "dataplane/config/server.h"
#include "dataplane/event/loop_test_support.h"
#include "dataplane/event/turn_work.h"
#include "dataplane/http/message.h"
#include "dataplane/load_balancing/random.h"
#include "dataplane/metrics/worker_counters.h"
#include "dataplane/upstream/channel.h"
#include "dataplane/upstream/environment.h"
#include "dataplane/upstream/server.h"
#include "dataplane/upstream/waiter.h"

// One worker's side of servers, without the worker: a loop, real sockets, and users that send one request each.
namespace fairlead::upstream::testing {

// One exchange: sends a request when its connection stands, and notes what becomes of it.
class TestUser final : public ConnectionUser {
 public:
  explicit TestUser(std::string_view request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n");

  // Takes a connection of `server` and begins. May be called once.
  void Start(Server* server, bool fresh = false);
  void Start(const Choice& choice);
  // As an exchange does when it ends without having heard the response's end.
  void Abort();
  bool reused() const { return reused_; }
  // Whether the response ended, or failed.
  bool done() const { return ended || error.has_value(); }

  http::ResponseHead& response_head() override { return head_; }
  void OnConnected(Channel* channel) override;
  bool needs_http1() const override { return must_have_http1; }
  void OnInformational() override {}
  void OnResponseHead() override { status = head_.status; }
  void OnResponseData(buffer::Slice data) override { body += data.view(); }
  void OnResponseEnd(const http::FieldList* trailers) override;
  void OnServerError(http::ServerError server_error, std::string_view detail) override;
  void OnRequestDrained() override {}

  bool must_have_http1 = false;
  bool connected = false;
  int status = 0;
  std::string body;
  bool ended = false;
  std::optional<http::ServerError> error;

 private:
  const std::string request_text_;
  http::RequestHead request_;
  http::ResponseHead head_;
  Server* server_ = nullptr;
  Channel* connection_ = nullptr;
  bool reused_ = false;
};

class UpstreamTest : public event::testing::LoopTest {
 protected:
  UpstreamTest();

  // A server at the address of `listener`.
  static base::CountedPtr<config::Server> MakeServer(const event::testing::TestListener& listener);
  // Runs `function` as a callback of the loop.
  template <typename Function>
  void Run(Function function) {
    event::TurnScope scope(&turn_work_);
    function();
  }
  // The next connection that comes to `listener`.
  event::testing::Peer Accept(const event::testing::TestListener& listener);
  // Whether a connection waits to be accepted.
  bool HasConnection(const event::testing::TestListener& listener);
  // Waits for a request to come to `peer`, and answers it.
  void Answer(event::testing::Peer& peer, std::string_view response = kOk);
  // A whole exchange on a connection that is there already.
  void Exchange(Server* server, event::testing::Peer& peer);
  // Drops what came before.
  void RunUntilClosed(event::testing::Peer& peer) {
    RunUntil([&] {
      peer.Receive();
      return peer.AtEnd();
    });
  }

  static constexpr std::string_view kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

  event::TurnWork turn_work_;
  load_balancing::Random random_{1};
  metrics::WorkerCounters counters_;
  Environment environment_;
};

}  // namespace fairlead::upstream::testing
