#include "dataplane/http/h1/serializer.h"

#include <algorithm>
#include <charconv>

#include "dataplane/http/connection_options.h"
#include "dataplane/http/h1/append.h"
#include "dataplane/http/h1/field_writer.h"
#include "dataplane/http/reason_phrase.h"

namespace fairlead::http::h1 {
namespace {

constexpr std::string_view kContentLength = "Content-Length: ";
constexpr std::string_view kChunked = "Transfer-Encoding: chunked\r\n";
constexpr size_t kMaxFramingSize = kContentLength.size() + kMaxDecimalDigits + 2;
static_assert(kMaxFramingSize >= kChunked.size());

char* AppendContentLength(char* out, uint64_t length) {
  out = Append(out, kContentLength);
  out = AppendDecimal(out, length);
  return Append(out, "\r\n");
}

constexpr std::string_view kUpgrade = "Connection: upgrade\r\nUpgrade: ";

char* AppendUpgrade(char* out, std::string_view protocol) {
  out = Append(out, kUpgrade);
  out = Append(out, protocol);
  return Append(out, "\r\n");
}

constexpr std::string_view kRequestVersionAndHost = " HTTP/1.1\r\nHost: ";
constexpr std::string_view kTrailersAccepted = "TE: trailers\r\nConnection: TE\r\n";

// Methods whose requests usually have a body: without one they say so (RFC 9110 §8.6).
bool AnnouncesEmptyBody(Method method) {
  return method == Method::kPost || method == Method::kPut || method == Method::kPatch;
}

// The longest of the registered ones, and more.
constexpr size_t kMaxReasonPhraseSize = 40;

constexpr std::string_view kStatusLineStart = "HTTP/1.1 ";
constexpr std::string_view kClose = "Connection: close\r\n";
constexpr std::string_view kKeepAlive = "Connection: keep-alive\r\n";

}  // namespace

size_t MaxRequestHeadSize(const RequestHead& head, const HeadEdits& edits) {
  return head.method_text.size + 1 + std::max<size_t>(head.target.size, edits.target.size()) + 1 +
         kRequestVersionAndHost.size() + std::max<size_t>(head.authority.size, edits.host.size()) + 2 +
         head.fields.wire_size() + edits.fields.max_wire_size() + kMaxFramingSize +
         std::max(kTrailersAccepted.size(), kUpgrade.size() + edits.upgrade.size() + 2) + 2;
}

char* WriteRequestHead(const RequestHead& head, const HeadEdits& edits, char* out) {
  out = Append(out, head.Get(head.method_text));
  *out++ = ' ';
  const std::string_view target = edits.target.empty() ? head.target_text() : edits.target;
  if (target.empty()) {
    *out++ = '*';
  } else {
    if (target.front() == '?') *out++ = '/';
    out = Append(out, target);
  }
  out = Append(out, kRequestVersionAndHost);
  out = Append(out, edits.host.empty() ? head.Get(head.authority) : edits.host);
  out = Append(out, "\r\n");

  KnownFields removed = kHopByHopFields;
  removed.Add(KnownField::kHost);
  if (!head.expects_continue) removed.Add(KnownField::kExpect);
  if (head.framing != BodyFraming::kStreamed) removed.Add(KnownField::kTrailer);
  const WrittenFields written =
      WriteFields(head.fields, {.known = removed, .nominated = head.connection_options, .edits = &edits.fields}, out);
  out = written.end;

  if (head.framing == BodyFraming::kStreamed) {
    out = Append(out, kChunked);
  } else if (head.framing == BodyFraming::kContentLength || AnnouncesEmptyBody(head.method) ||
             (written.seen.Has(KnownField::kContentLength) && head.method != Method::kConnect)) {
    out = AppendContentLength(out, head.content_length);
  }
  if (!edits.upgrade.empty()) {
    out = AppendUpgrade(out, edits.upgrade);
  } else if (written.seen.Has(KnownField::kTe) && head.minor_version >= 1 && AcceptsTrailers(head.fields)) {
    out = Append(out, kTrailersAccepted);
  }
  return Append(out, "\r\n");
}

BodyFraming FramingForClient(BodyFraming framing, uint8_t client_minor_version) {
  if (framing != BodyFraming::kStreamed && framing != BodyFraming::kUntilClose) return framing;
  return client_minor_version >= 1 ? BodyFraming::kStreamed : BodyFraming::kUntilClose;
}

size_t MaxResponseHeadSize(const ResponseHead& head, const ResponseOptions& options) {
  return kStatusLineStart.size() + 4 + std::max<size_t>(head.reason.size, kMaxReasonPhraseSize) + 2 +
         head.fields.wire_size() + (options.edits == nullptr ? 0 : options.edits->max_wire_size()) +
         std::string_view("Date: \r\n").size() + options.date.size() + kMaxFramingSize + kKeepAlive.size() +
         kUpgrade.size() + options.upgrade.size() + 2 + 2;
}

char* WriteResponseHead(const ResponseHead& head, const ResponseOptions& options, char* out) {
  const BodyFraming framing = FramingForClient(head.framing, options.client_minor_version);
  const bool is_interim = head.status < 200;

  out = Append(out, kStatusLineStart);
  out = AppendDecimal(out, head.status);
  *out++ = ' ';
  // HTTP/2 has none, and some clients can't do without.
  out = Append(out, head.http2 ? ReasonPhrase(head.status) : head.Get(head.reason));
  out = Append(out, "\r\n");

  KnownFields removed = kHopByHopFields;
  if (framing != BodyFraming::kStreamed) removed.Add(KnownField::kTrailer);
  const WrittenFields written =
      WriteFields(head.fields, {.known = removed, .nominated = head.connection_options, .edits = options.edits}, out);
  out = written.end;
  if (!options.upgrade.empty()) out = AppendUpgrade(out, options.upgrade);
  if (is_interim) return Append(out, "\r\n");

  if (!options.date.empty() && !written.seen.Has(KnownField::kDate)) out = AppendField(out, "Date", options.date);
  if (framing == BodyFraming::kTunnel) return Append(out, "\r\n");
  if (framing == BodyFraming::kStreamed) {
    out = Append(out, kChunked);
  } else if (framing != BodyFraming::kUntilClose && head.status != 204) {
    const bool announced = written.seen.Has(KnownField::kContentLength);
    if (announced || !NeverHasBody(options.request_method, head.status)) {
      out = AppendContentLength(out, head.content_length);
    }
  }
  if (!options.keep_alive || framing == BodyFraming::kUntilClose) {
    out = Append(out, kClose);
  } else if (options.client_minor_version == 0) {
    out = Append(out, kKeepAlive);
  }
  return Append(out, "\r\n");
}

char* WriteChunkHeader(uint64_t size, char* out) { return Append(std::to_chars(out, out + 16, size, 16).ptr, "\r\n"); }

size_t MaxLastChunkSize(const FieldList& trailers) { return kLastChunk.size() + trailers.wire_size(); }

char* WriteLastChunk(const FieldList& trailers, char* out) {
  out = Append(out, "0\r\n");
  out = WriteFields(trailers, {}, out).end;
  return Append(out, "\r\n");
}

}  // namespace fairlead::http::h1
