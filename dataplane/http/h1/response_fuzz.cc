// Whatever the bytes: the outcome does not depend on the pieces they come in, and a response that is accepted is framed
// for the client as FramingForClient says. The first byte chooses the request's method, the client's version and
// whether its connection stays open.
#include <cstdint>
#include <string>
#include <string_view>

#include "dataplane/http/h1/fuzz_check.h"
#include "dataplane/http/h1/piecewise.h"
#include "dataplane/http/h1/response_parser.h"
#include "dataplane/http/h1/serializer.h"

namespace fairlead::http::h1 {
namespace {

// Room for what the proxy adds to a head that is just within the limits of the first parser.
constexpr HeadLimits kLimits = {};
constexpr HeadLimits kWiderLimits = {.max_head_bytes = 256 * 1024, .max_fields = 200};

std::string Write(const ResponseHead& head, const ResponseOptions& options) {
  std::string room(MaxResponseHeadSize(head, options), '\0');
  room.resize(WriteResponseHead(head, options, room.data()) - room.data());
  return room;
}

void CheckResponse(std::string_view bytes, const ResponseOptions& options) {
  const Method method = options.request_method;
  const Parsed whole = ParseResponseInPieces(bytes, method, AllAtOnce(), kLimits);
  Check(ParseResponseInPieces(bytes, method, AtRandom(static_cast<uint32_t>(bytes.size())), kLimits) == whole,
        "random pieces");
  if (bytes.size() < 2048) Check(ParseResponseInPieces(bytes, method, OneByOne(), kLimits) == whole, "single bytes");
  if (whole.outcome != ParseResult::Outcome::kDone) return;

  ResponseParser parser(&kLimits);
  ResponseHead head;
  parser.Parse(bytes, method, &head);
  const std::string written = Write(head, options);

  ResponseParser second_parser(&kWiderLimits);
  ResponseHead second;
  const ParseResult result = second_parser.Parse(written, method, &second);
  Check(result.outcome == ParseResult::Outcome::kDone, "what is written is accepted");
  Check(result.head_size == written.size(), "what is written is one head");
  Check(second.status == head.status, "same status");
  Check(second.Get(second.reason) == head.Get(head.reason), "same reason");
  const BodyFraming framing = FramingForClient(head.framing, options.client_minor_version);
  Check(second.framing == framing, "the framing that the client was promised");
  if (framing == BodyFraming::kContentLength) Check(second.content_length == head.content_length, "same length");
  if (head.status >= 200) {
    Check(second.keep_alive == (options.keep_alive && framing != BodyFraming::kUntilClose), "the client knows the end");
  }
  Check(Write(second, options) == written, "writing again changes nothing");
}

}  // namespace
}  // namespace fairlead::http::h1

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using fairlead::http::Method;
  if (size == 0) return 0;
  constexpr Method kMethods[] = {Method::kGet, Method::kHead, Method::kConnect, Method::kPost};
  fairlead::http::h1::CheckResponse({reinterpret_cast<const char*>(data) + 1, size - 1},
                                    {.request_method = kMethods[data[0] & 3],
                                     .client_minor_version = static_cast<uint8_t>(data[0] >> 2 & 1),
                                     .keep_alive = (data[0] & 8) != 0,
                                     .date = "Sun, 06 Nov 1994 08:49:37 GMT"});
  return 0;
}
