#include "dataplane/http/h1/piecewise.h"

#include <algorithm>
#include <memory>
#include <random>
#include <sstream>

#include "dataplane/http/h1/request_parser.h"
#include "dataplane/http/h1/response_parser.h"

namespace fairlead::http::h1 {
namespace {

// Calls `parse` with ever longer prefixes of `bytes`, until it knows.
template <typename Parse>
Parsed ParseInPieces(std::string_view bytes, const PieceSizes& sizes, Parse parse) {
  size_t received = 0;
  while (true) {
    received = std::min(bytes.size(), received + sizes());
    const auto buffer = std::make_unique<char[]>(received);
    std::copy_n(bytes.data(), received, buffer.get());
    Parsed parsed;
    const ParseResult result = parse(std::string_view(buffer.get(), received), &parsed.head);
    if (result.outcome == ParseResult::Outcome::kNeedMore && received < bytes.size()) continue;
    parsed.outcome = result.outcome;
    parsed.status = result.status;
    parsed.head_size = result.head_size;
    if (result.reason != nullptr) parsed.reason = result.reason;
    return parsed;
  }
}

}  // namespace

PieceSizes AllAtOnce() {
  return [] { return SIZE_MAX / 2; };
}

PieceSizes OneByOne() {
  return [] { return 1; };
}

PieceSizes AtRandom(uint32_t seed) {
  return [random = std::minstd_rand(seed)]() mutable -> size_t {
    const size_t limit = random() % 8 == 0 ? 400 : 24;
    return 1 + random() % limit;
  };
}

Parsed ParseRequestInPieces(std::string_view bytes, PieceSizes sizes, const HeadLimits& limits) {
  RequestParser parser(&limits);
  RequestHead head;
  return ParseInPieces(bytes, sizes, [&](std::string_view prefix, std::string* description) {
    const ParseResult result = parser.Parse(prefix, &head);
    if (result.outcome == ParseResult::Outcome::kDone) *description = Describe(head);
    return result;
  });
}

Parsed ParseResponseInPieces(std::string_view bytes, Method request_method, PieceSizes sizes,
                             const HeadLimits& limits) {
  ResponseParser parser(&limits);
  ResponseHead head;
  return ParseInPieces(bytes, sizes, [&](std::string_view prefix, std::string* description) {
    const ParseResult result = parser.Parse(prefix, request_method, &head);
    if (result.outcome == ParseResult::Outcome::kDone) *description = Describe(head);
    return result;
  });
}

Decoded DecodeInPieces(std::string_view bytes, PieceSizes sizes, const ChunkLimits& limits) {
  ChunkedDecoder decoder(&limits);
  FieldList trailers;
  Decoded decoded;
  size_t received = 0;
  while (true) {
    received = std::min(bytes.size(), received + sizes());
    const size_t available = received - decoded.consumed;
    const auto buffer = std::make_unique<char[]>(available);
    std::copy_n(bytes.data() + decoded.consumed, available, buffer.get());
    std::string_view input(buffer.get(), available);
    ChunkedDecoder::Step step;
    do {
      step = decoder.Next(input, &trailers);
      decoded.data += step.data;
      decoded.consumed += step.consumed;
      input.remove_prefix(step.consumed);
    } while (step.kind == ChunkedDecoder::Kind::kData);
    if (step.kind == ChunkedDecoder::Kind::kNeedMore && received < bytes.size()) continue;

    decoded.kind = step.kind;
    if (step.reason != nullptr) decoded.reason = step.reason;
    if (step.kind == ChunkedDecoder::Kind::kEnd) decoded.trailers = Describe(trailers);
    if (step.kind == ChunkedDecoder::Kind::kError) decoded.consumed = 0;
    return decoded;
  }
}

std::string Describe(const RequestHead& head) {
  std::ostringstream text;
  text << head.Get(head.method_text) << ' ' << head.Get(head.target) << " HTTP/1." << int{head.minor_version}
       << "\nmethod " << static_cast<int>(head.method) << "\npath " << head.path() << "\nauthority "
       << head.Get(head.authority) << "\nframing " << static_cast<int>(head.framing) << ' ' << head.content_length
       << "\nkeep_alive " << head.keep_alive << "\nexpects_continue " << head.expects_continue
       << "\nconnection_options " << head.connection_options << '\n'
       << Describe(head.fields);
  return text.str();
}

std::string Describe(const ResponseHead& head) {
  std::ostringstream text;
  text << "HTTP/1." << int{head.minor_version} << ' ' << head.status << ' ' << head.Get(head.reason) << "\nframing "
       << static_cast<int>(head.framing) << ' ' << head.content_length << "\nkeep_alive " << head.keep_alive
       << "\nconnection_options " << head.connection_options << '\n'
       << Describe(head.fields);
  return text.str();
}

std::string Describe(const FieldList& fields) {
  std::string text;
  for (const FieldList::Field& field : fields) {
    text += std::string(fields.name(field)) + ": " + std::string(fields.value(field)) + "\n";
  }
  return text;
}

}  // namespace fairlead::http::h1
