#pragma once

#include <nghttp2/nghttp2.h>

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/buffer/queue.h"
#include "dataplane/buffer/shared_block.h"
#include "dataplane/buffer/slice.h"
#include "dataplane/http/h2/header_lists.h"
#include "dataplane/http/h2/server_codec.h"

// A client's HTTP/2 connection without a socket, for tests and fuzz targets of ServerCodec.
namespace fairlead::http::h2 {

// One request, as its handler hears of it. Answers nothing by itself.
class TestRequest final : public ServerStreamHandler {
 public:
  TestRequest(http::ServerStream* stream, buffer::BlockPool* blocks) : stream_(stream), blocks_(blocks) {}

  http::ServerStream& stream() { return *stream_; }
  // A response's head; without a content-length its body is streamed.
  void SendHead(uint16_t status, const HeaderList& fields = {}, BodyFraming framing = BodyFraming::kStreamed,
                uint64_t content_length = 0);
  void SendData(std::string_view bytes);
  void SendEnd(const HeaderList& trailers = {});
  void Respond(uint16_t status, std::string_view body);

  RequestHead& request_head() override { return head; }
  void OnRequestHead(bool follows) override;
  void OnRequestData(buffer::Slice data) override { body += data.view(); }
  void OnRequestEnd(const FieldList* fields) override;
  void OnRefused(uint16_t status, const char* why) override {
    refused_with = status;
    reason = why;
  }
  void OnStreamError(ClientError stream_error) override;
  void OnResponseDrained() override { ++drained; }

  RequestHead head;
  std::string path;  // once the head is complete
  // Of the head, when the stream failed.
  std::string path_at_end;
  HeaderList fields_at_end;
  bool body_follows = false;
  std::string body;
  std::vector<std::string> trailers;
  bool ended = false;
  std::optional<ClientError> error;
  std::optional<uint16_t> refused_with;  // 0: without an answer
  std::string reason;
  int drained = 0;

 private:
  http::ServerStream* const stream_;
  buffer::BlockPool* const blocks_;
};

// What the client made of a response.
struct TestResponse {
  std::vector<std::string> interim;
  std::string status;
  std::vector<std::string> fields;
  std::string body;
  std::vector<std::string> trailers;
  bool ended = false;
  std::optional<uint32_t> reset;
};

// The connection's two ends: a ServerCodec with its host, and a client of nghttp2's own whose bytes go back and forth
// by Exchange. Frames that nghttp2 would not send, and whose answers it would not understand, go to the codec by
// SendRaw after BeRaw.
class TestClient final : public ServerCodecHost {
 public:
  explicit TestClient(ServerSettings settings = {}, HeadLimits limits = {});
  ~TestClient();

  // Sends a request and returns its stream's id. It ends with its head, unless there is a body to come.
  int32_t Request(const HeaderList& fields, bool ends = true);
  int32_t Get(const std::string& path, const HeaderList& more = {}, bool ends = true);
  // Its stream is open by then.
  void SendBody(int32_t id, std::string_view bytes, bool ends);
  // All of the body that was given to SendBody must be sent first.
  void SendTrailers(int32_t id, const HeaderList& trailers);
  void Reset(int32_t id, uint32_t code);
  // From now on there is no nghttp2 on this side: what comes is only read.
  void BeRaw();
  // Bytes for the codec, behind what the client has sent.
  void SendRaw(std::string_view bytes);
  // Lets both sides send until nobody has anything to say. The codec's output is taken up to `limit` bytes.
  void Exchange(size_t limit = SIZE_MAX);
  // The client's side does not read any more.
  void StopReading() { reads_ = false; }

  buffer::Slice Bytes(std::string_view bytes) { return shared_.Copy(bytes); }
  ServerCodec& codec() { return *codec_; }
  nghttp2_session* session() { return client_; }
  // In the order in which they began.
  TestRequest& request(size_t index) { return *requests_.at(index); }
  size_t requests() const { return requests_.size(); }
  const TestResponse& response(int32_t id) { return responses_[id]; }
  // In the order in which they ended.
  const std::vector<int32_t>& ended() const { return ended_; }

  std::vector<ConnectionLimit> limits_reached;
  std::vector<RequestLimit> request_limits;
  std::vector<uint32_t> goaways;      // codes
  std::vector<int32_t> last_streams;  // of those
  int pings = 0;                      // that the server sent
  std::map<int32_t, uint32_t> server_settings;
  bool receiving = true;
  bool closing = false;
  bool closed_now = false;
  uint64_t time_ms = 1000;

  // ServerCodecHost:
  ServerStreamHandler* OnStreamBegin(http::ServerStream* stream) override;
  void OnRequestRefused(uint16_t, const char*, RequestLimit limit) override { request_limits.push_back(limit); }
  void OnConnectionLimit(ConnectionLimit limit) override { limits_reached.push_back(limit); }
  void OnResponse(uint16_t) override {}
  void ShutdownAfterOutput() override {}
  buffer::Queue& output() override { return output_; }
  buffer::BlockPool& blocks() override { return blocks_; }
  void Touch() override { touched_ = true; }
  void PauseReceive() override { receiving = false; }
  void ResumeReceive() override { receiving = true; }
  void CloseAfterOutput() override { closing = true; }
  void CloseNow() override { closed_now = true; }
  uint64_t now_ms() const override { return time_ms; }
  std::string_view date() override { return {}; }

 private:
  struct Body {
    std::string bytes;
    bool ends = false;
    bool has_trailers = false;
  };

  void Deliver(std::string_view bytes);
  void ReadRaw(std::string_view bytes);
  void ReadRawFrame(uint8_t type, uint8_t flags, int32_t stream, std::string_view payload);
  void RunTurn();
  void SetCallbacks(nghttp2_session_callbacks* callbacks);

  const HeadLimits limits_;
  buffer::BlockPool blocks_;
  buffer::SharedBlock shared_{blocks_};
  buffer::Queue output_;
  ServerContext context_;
  std::unique_ptr<ServerCodec> codec_;
  nghttp2_session* client_ = nullptr;
  std::deque<std::unique_ptr<TestRequest>> requests_;
  std::map<int32_t, TestResponse> responses_;
  std::map<int32_t, Body> bodies_;
  std::vector<int32_t> ended_;
  bool touched_ = false;
  bool reads_ = true;
  bool raw_ = false;
  std::string raw_bytes_;
};

// A frame's bytes, its header in front.
std::string Frame(uint8_t type, uint8_t flags, int32_t stream, std::string_view payload);

}  // namespace fairlead::http::h2
