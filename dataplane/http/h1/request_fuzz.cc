// Whatever the bytes: the outcome does not depend on the pieces they come in, and a request that is accepted reads
// alike, framing above all, after the proxy has written it.
#include <cstdint>
#include <string>
#include <string_view>

#include "dataplane/http/h1/fuzz_check.h"
#include "dataplane/http/h1/piecewise.h"
#include "dataplane/http/h1/request_parser.h"
#include "dataplane/http/h1/serializer.h"

namespace fairlead::http::h1 {
namespace {

// Room for what the proxy adds to a head that is just within the limits of the first parser.
constexpr HeadLimits kLimits = {};
constexpr HeadLimits kWiderLimits = {.max_head_bytes = 256 * 1024, .max_target_bytes = 16 * 1024, .max_fields = 200};

std::string Write(const RequestHead& head) {
  HeadEdits edits;
  if (head.authority.size == 0) edits.host = "default";
  std::string room(MaxRequestHeadSize(head, edits), '\0');
  room.resize(WriteRequestHead(head, edits, room.data()) - room.data());
  return room;
}

void CheckRequest(std::string_view bytes) {
  const Parsed whole = ParseRequestInPieces(bytes, AllAtOnce(), kLimits);
  Check(ParseRequestInPieces(bytes, AtRandom(static_cast<uint32_t>(bytes.size())), kLimits) == whole, "random pieces");
  if (bytes.size() < 2048) Check(ParseRequestInPieces(bytes, OneByOne(), kLimits) == whole, "single bytes");
  if (whole.outcome != ParseResult::Outcome::kDone) return;

  RequestParser parser(&kLimits);
  RequestHead head;
  parser.Parse(bytes, &head);
  const std::string written = Write(head);

  RequestParser second_parser(&kWiderLimits);
  RequestHead second;
  const ParseResult result = second_parser.Parse(written, &second);
  Check(result.outcome == ParseResult::Outcome::kDone, "what is written is accepted");
  Check(result.head_size == written.size(), "what is written is one head");
  Check(second.method == head.method, "same method");
  Check(second.path() == head.path(), "same path");
  Check(head.authority.size == 0 || second.Get(second.authority) == head.Get(head.authority), "same authority");
  Check(second.framing == head.framing, "same framing");
  Check(second.content_length == head.content_length, "same length");
  Check(second.expects_continue == head.expects_continue, "same expectation");
  Check(Write(second) == written, "writing again changes nothing");
}

}  // namespace
}  // namespace fairlead::http::h1

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fairlead::http::h1::CheckRequest({reinterpret_cast<const char*>(data), size});
  return 0;
}
