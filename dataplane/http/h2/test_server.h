#pragma once

#include <nghttp2/nghttp2.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dataplane/buffer/queue.h"
#include "dataplane/buffer/slice.h"
#include "dataplane/http/client_codec.h"
#include "dataplane/http/h2/client_codec.h"
#include "dataplane/http/h2/client_stream.h"
#include "dataplane/http/h2/test_heads.h"

// A connection to an HTTP/2 server without sockets, for tests of ClientCodec: the server is nghttp2's.
namespace fairlead::http::h2 {

// The exchange, as it hears of the response.
class TestExchange final : public ClientStreamHandler, public ClientStreamOwner {
 public:
  ResponseHead& response_head() override { return head; }
  void OnInformational() override { interim.push_back(head.status); }
  void OnResponseHead() override;
  void OnResponseData(buffer::Slice data) override;
  void OnResponseEnd(const FieldList* fields) override;
  void OnServerError(ServerError server_error, std::string_view server_detail) override;
  void OnRequestDrained() override { ++drained; }
  void OnStreamGone() override { ++gone; }

  ResponseHead head;
  int status = 0;  // of the final response
  std::string fields;
  std::vector<int> interim;
  std::string body, trailers;  // "name: value" LF each
  bool ended = false;
  std::optional<ServerError> error;
  std::string detail;
  int drained = 0;
  int gone = 0;
  bool pause_on_data = false;
  bool abandon_on_end = true;
  ClientStream stream;
};

class TestServer final : public ClientCodecHost {
 public:
  using Fields = std::vector<std::pair<std::string, std::string>>;
  // What the server got of one stream.
  struct Request {
    std::string fields;  // "name: value" LF each
    std::string body, trailers;
    bool ended = false;
    std::optional<uint32_t> reset;
  };

  explicit TestServer(const ClientSettings& settings = {}, std::vector<nghttp2_settings_entry> server_settings = {});
  ~TestServer() { nghttp2_session_del(session_); }

  // A request without a body, or with one of which nothing is sent yet.
  void Begin(TestExchange* exchange, std::string_view method = "GET", BodyFraming framing = BodyFraming::kNone,
             const HeadEdits& edits = {});
  void SendBody(TestExchange* exchange, std::string_view bytes);
  // Bytes go both ways until neither side has any.
  void Pump();
  // What the codec has output goes to the server, and no answer comes yet.
  void PumpToServer();
  void PumpToClient();
  // Bytes by hand, as from the server.
  void Receive(std::string_view bytes);

  void Respond(int32_t id, const Fields& fields, std::string_view body = {}, const Fields& trailers = {});
  void Interim(int32_t id, const Fields& fields);
  nghttp2_session* session() { return session_; }
  // The stream that the exchange `index` got: 1, 3, 5, …
  Request& request(int32_t id) { return requests[id]; }

  buffer::Queue& output() override { return output_; }
  buffer::BlockPool& blocks() override { return pool; }
  void Touch() override { touched_ = true; }
  uint64_t now_ms() override { return now; }

  buffer::BlockPool pool;
  std::map<int32_t, Request> requests;
  std::string sent;                // all that the codec has output
  std::optional<uint32_t> goaway;  // that the server got
  int pings = 0;                   // likewise
  bool consume = true;             // the server gives windows back
  uint64_t now = 1000;

 private:
  struct Body {
    std::string bytes;
    Fields trailers;
  };
  static ssize_t ReadBody(nghttp2_session*, int32_t id, uint8_t* out, size_t length, uint32_t* flags,
                          nghttp2_data_source* source, void* self);

  nghttp2_session* session_ = nullptr;
  buffer::Queue output_;
  bool touched_ = false;
  std::map<int32_t, Body> bodies_;
  TestHeads heads_;

 public:
  ClientCodec codec;
};

// A frame (RFC 9113 §4.1).
std::string Frame(uint8_t type, uint8_t flags, int32_t stream, std::string_view payload);

}  // namespace fairlead::http::h2
