// Whatever frames a client sends: everything comes to an end, each request is heard of in order, nothing is kept, and
// what goes out are frames. The first byte says how large the pieces are and whether bodies are held back at times;
// frames follow, behind a preface and SETTINGS that are there already.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "dataplane/http/h2/test_client.h"

namespace fairlead::http::h2 {
namespace {

void Check(bool holds) {
  if (!holds) std::abort();
}

struct Manner {
  size_t piece;
  bool pauses;
  bool reads;
};

void Answer(TestRequest& request, size_t index) {
  if (request.head.extended_connect || request.head.method == Method::kConnect) {
    request.SendHead(request.head.extended_connect ? 101 : 200, {}, BodyFraming::kTunnel);
    request.SendData("through the tunnel");
    return request.SendEnd();
  }
  switch (index % 4) {
    case 0:
      return request.stream().SendError(503, "wanted", HeadEdits());
    case 1:
      request.SendHead(103);
      request.SendHead(200);
      request.SendData(request.body);
      return request.SendEnd({{"x", "y"}});
    case 2:
      request.SendHead(200);
      request.SendData(std::string(100'000, 'x'));
      return request.stream().Abort();
    default:
      return request.Respond(200, std::string(20'000, 'x'));
  }
}

bool IsOver(const TestRequest& request) { return request.error.has_value() || request.path.empty(); }

void Converse(std::string_view bytes, Manner manner) {
  TestClient client({.max_concurrent_streams = 10, .max_resets = 20, .max_control_frames = 200},
                    {.max_head_bytes = 2048, .max_target_bytes = 256, .max_fields = 20});
  client.BeRaw();
  if (!manner.reads) client.StopReading();
  size_t seen = 0;
  size_t answered = 0;
  while (!bytes.empty() && !client.closing && !client.closed_now) {
    const std::string_view piece = bytes.substr(0, manner.piece);
    bytes.remove_prefix(piece.size());
    client.SendRaw(piece);
    for (; seen < client.requests(); ++seen) {
      if (manner.pauses && seen % 2 == 1 && !IsOver(client.request(seen))) client.request(seen).stream().PauseBody();
    }
    client.time_ms += 100;
    client.codec().CheckTimes(
        {.header_timeout_ms = 5000, .request_timeout_ms = 3000, .idle_timeout_ms = 5000, .min_client_rate = 10});
    // Answers come late, and one after another.
    if (answered + 3 < client.requests()) {
      TestRequest& request = client.request(answered++);
      if (!IsOver(request)) Answer(request, answered);
    }
  }
  client.Exchange();
  for (; answered < client.requests(); ++answered) {
    TestRequest& request = client.request(answered);
    if (IsOver(request)) continue;
    if (!client.closing && manner.pauses) request.stream().ResumeBody();
    if (!client.closing && !request.error.has_value()) Answer(request, answered);
  }
  client.Exchange();
  client.codec().ConnectionLost(ClientError::kDisconnected);
  for (size_t i = 0; i < client.requests(); ++i) {
    const TestRequest& request = client.request(i);
    Check(!request.ended || !request.path.empty());
    Check(request.body_follows || request.body.empty() || request.head.extended_connect ||
          request.head.method == Method::kConnect);
  }
}

}  // namespace
}  // namespace fairlead::http::h2

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using fairlead::http::h2::Converse;
  if (size == 0) return 0;
  const uint8_t how = data[0];
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  Converse(bytes, {.piece = size_t{1} << (how & 15), .pauses = (how & 16) != 0, .reads = (how & 32) == 0});
  return 0;
}
