// Whatever a client sends: what its requests say, and what it is answered, does not depend on the pieces in which its
// bytes come, on pauses of bodies, or on how slowly it reads; and everything comes to an end.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "dataplane/http/h1/fuzz_check.h"
#include "dataplane/http/h1/piecewise.h"
#include "dataplane/http/h1/test_connection.h"

namespace fairlead::http::h1 {
namespace {

struct Manner {
  PieceSizes sizes;
  bool in_one_block = false;
  bool pauses = false;  // bodies, after each piece
  size_t reads = 0;     // bytes of responses that the client reads for each piece that it sends; 0: all at once
};

void Answer(TestRequest& request) {
  if (request.tunnel) return request.SendEnd();
  if (request.head.method == Method::kConnect || request.head.connection_upgrade) {
    request.SendTunnelHead("HTTP/1.1 200 OK\r\n\r\n");
    return request.SendData("through the tunnel");
  }
  if (request.path.starts_with("/error")) return request.stream().SendError(503, "wanted", {});
  if (request.path.starts_with("/close")) {
    request.SendHead("HTTP/1.1 200 OK\r\n\r\n");
    request.SendData("until the end");
    return request.SendEnd();
  }
  request.Respond(request.path + request.body + request.trailers);
}

void ResumePausedBody(TestConnection& connection) {
  for (int i = 0; i < 100'000; ++i) {
    if (connection.receiving || connection.closing || connection.reset || connection.requests.empty()) return;
    TestRequest& request = *connection.requests.back();
    if (request.ended || request.error.has_value()) return;
    connection.Run([&] { request.stream().ResumeBody(); });
  }
  Check(false, "bodies go on when they are resumed");
}

// Everything that came of the conversation, as text.
std::string Converse(std::string_view bytes, Manner manner) {
  TestConnection connection;
  connection.in_one_block = manner.in_one_block;
  connection.sending = manner.reads == 0;
  connection.on_begin = [&](TestRequest& request) {
    request.on_end = [&request] { Answer(request); };
    if (manner.pauses) request.on_data = [&request] { request.stream().PauseBody(); };
  };
  while (!bytes.empty()) {
    const std::string_view piece = bytes.substr(0, manner.sizes());
    bytes.remove_prefix(piece.size());
    connection.Receive(piece);
    ResumePausedBody(connection);
    connection.Send(manner.reads);
  }
  connection.ReceiveEnd();
  connection.sending = true;
  for (int i = 0; connection.unsent() > 0 && i < 100'000; ++i) {
    connection.Send(connection.unsent());
    ResumePausedBody(connection);
  }
  Check(connection.unsent() == 0, "all is sent");
  Check(connection.closing || connection.reset || connection.kept_after_end == false, "the connection ends");

  std::string result = connection.TakeSent();
  for (const auto& request : connection.requests) {
    result += "request " + request->path + " body " + request->body + " trailers " + request->trailers;
    result += request->ended ? " ended" : "";
    result += request->error.has_value() ? " error " + std::to_string(static_cast<int>(*request->error)) : "";
    result += "\n";
  }
  for (uint16_t status : connection.refused) result += "refused " + std::to_string(status) + "\n";
  for (uint16_t status : connection.responses) result += "response " + std::to_string(status) + "\n";
  return result;
}

void CheckConversation(std::string_view bytes) {
  const std::string expected = Converse(bytes, {.sizes = AllAtOnce()});
  const auto seed = static_cast<uint32_t>(bytes.size());
  Check(Converse(bytes, {.sizes = AtRandom(seed)}) == expected, "random pieces");
  Check(Converse(bytes, {.sizes = AtRandom(seed + 1), .in_one_block = true}) == expected, "pieces in one block");
  Check(Converse(bytes, {.sizes = AtRandom(seed + 2), .pauses = true}) == expected, "pauses");
  Check(Converse(bytes, {.sizes = AllAtOnce(), .pauses = true, .reads = 1000}) == expected, "pauses, read slowly");
  if (bytes.size() < 2048) {
    Check(Converse(bytes, {.sizes = OneByOne(), .in_one_block = true, .reads = 7}) == expected, "single bytes");
  }
}

}  // namespace
}  // namespace fairlead::http::h1

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fairlead::http::h1::CheckConversation({reinterpret_cast<const char*>(data), size});
  return 0;
}
