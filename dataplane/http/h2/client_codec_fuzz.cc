// Whatever a server says: each of two streams hears a head at most once, bytes only between head and end, no more of
// them than came, and one end or error at most; at the connection's end nothing is left. The first byte says how the
// first stream's exchange behaves, the second in how large pieces the bytes come.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <utility>

#include "dataplane/buffer/queue.h"
#include "dataplane/buffer/slice.h"
#include "dataplane/http/client_codec.h"
#include "dataplane/http/h2/client_codec.h"
#include "dataplane/http/h2/client_stream.h"
#include "dataplane/http/h2/test_heads.h"

namespace fairlead::http::h2 {
namespace {

void Check(bool holds, const char* property) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", property);
  std::abort();
}

struct Behavior {
  std::string_view method = "GET";
  bool has_body = false;
  bool pauses = false;
  bool leaves = false;  // with the first byte of a body
};

class Exchange final : public ClientStreamHandler, public ClientStreamOwner {
 public:
  explicit Exchange(const Behavior& behavior) : behavior_(behavior) {}

  void Begin(ClientCodec* codec, TestHeads* heads) {
    stream.Begin(codec, this, this);
    RequestHead head = heads->Request(behavior_.method, "/", "a:1");
    if (behavior_.has_body) head.framing = BodyFraming::kStreamed;
    stream.SendHead(head, {});
    if (!behavior_.has_body) stream.SendEnd(nullptr);
  }

  ResponseHead& response_head() override { return head_; }
  void OnInformational() override {
    Check(!has_head_ && !over_, "1xx comes in front of a head");
    Check(head_.status >= 100 && head_.status < 200, "1xx is 1xx");
  }
  void OnResponseHead() override {
    Check(!has_head_ && !over_, "one head");
    Check(head_.status >= 101 && head_.status <= 599, "a final status");
    has_head_ = true;
  }
  void OnResponseData(buffer::Slice data) override {
    Check(has_head_ && !over_, "bytes come behind a head");
    Check(!data.empty(), "bytes are some");
    Check(head_.framing != BodyFraming::kNone, "bytes come where there is a body");
    received_ += data.size();
    if (head_.framing == BodyFraming::kContentLength)
      Check(received_ <= head_.content_length, "no more than announced");
    if (behavior_.pauses) stream.PauseBody();
    if (behavior_.leaves) Leave();
  }
  void OnResponseEnd(const FieldList*) override {
    Check(has_head_ && !over_, "one end, behind a head");
    if (head_.framing == BodyFraming::kContentLength) Check(received_ == head_.content_length, "as much as announced");
    if (head_.framing != BodyFraming::kTunnel) Leave();
  }
  void OnServerError(ServerError, std::string_view detail) override {
    Check(!over_, "one error at most");
    Check(!detail.empty(), "which says why");
    over_ = true;
  }
  void OnRequestDrained() override {}
  void OnStreamGone() override { Check(!std::exchange(gone_, true), "it is gone once"); }

  void Leave() {
    over_ = true;
    stream.Abandon();
  }
  bool gone() const { return gone_; }
  void GoOn() {
    behavior_.pauses = false;
    stream.ResumeBody();
  }

  ClientStream stream;

 private:
  Behavior behavior_;
  ResponseHead head_;
  uint64_t received_ = 0;
  bool has_head_ = false;
  bool over_ = false;
  bool gone_ = false;
};

class Connection final : public ClientCodecHost {
 public:
  buffer::Queue& output() override { return output_; }
  buffer::BlockPool& blocks() override { return pool_; }
  void Touch() override { touched_ = true; }
  uint64_t now_ms() override { return 1; }

  void DoTurnWork() {
    for (int i = 0; touched_ && i < 1'000; ++i) {
      touched_ = false;
      codec.Continue();
      output_.Clear();
    }
    Check(!touched_, "turn work ends");
  }
  void Receive(std::string_view bytes) {
    buffer::Block* block = pool_.Allocate();
    std::memcpy(block->data(), bytes.data(), bytes.size());
    block->used = static_cast<uint32_t>(bytes.size());
    codec.Receive(buffer::Slice(block, block->data(), bytes.size()));
    DoTurnWork();
  }

 private:
  buffer::BlockPool pool_;
  buffer::Queue output_;
  bool touched_ = false;

 public:
  ClientCodec codec{this, {}};
};

void Run(uint8_t how, size_t piece_size, std::string_view bytes) {
  constexpr std::string_view kMethods[] = {"GET", "HEAD", "CONNECT", "POST"};
  TestHeads heads;
  Connection connection;
  Exchange first(
      {.method = kMethods[how & 3], .has_body = (how & 3) == 3, .pauses = (how & 4) != 0, .leaves = (how & 8) != 0});
  Exchange second({});
  first.Begin(&connection.codec, &heads);
  second.Begin(&connection.codec, &heads);
  connection.DoTurnWork();
  while (!bytes.empty()) {
    const size_t size = std::min({bytes.size(), piece_size, buffer::BlockPool::kBlockSize});
    connection.Receive(bytes.substr(0, size));
    bytes.remove_prefix(size);
  }
  first.GoOn();
  connection.DoTurnWork();
  connection.codec.ReceiveEnd(0);
  connection.DoTurnWork();
  for (Exchange* exchange : {&first, &second}) {
    if (!exchange->gone()) exchange->Leave();
    Check(exchange->gone() && exchange->stream.done(), "nothing is left of a stream");
  }
  Check(connection.codec.streams() == 0, "nothing is left of streams");
}

}  // namespace
}  // namespace fairlead::http::h2

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const size_t piece_size = data[1] == 0 ? SIZE_MAX : data[1];
  fairlead::http::h2::Run(data[0], piece_size, {reinterpret_cast<const char*>(data) + 2, size - 2});
  return 0;
}
