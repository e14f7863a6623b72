#include "dataplane/http/h2/header_block.h"

#include <charconv>

#include "dataplane/http/ascii.h"
#include "dataplane/http/connection_options.h"

namespace fairlead::http::h2 {
namespace {

// nghttp2_nv has no form for what is only read.
uint8_t* Unqualified(std::string_view text) { return reinterpret_cast<uint8_t*>(const_cast<char*>(text.data())); }

// Methods whose requests usually have a body: without one they say so (RFC 9110 §8.6).
bool AnnouncesEmptyBody(Method method) {
  return method == Method::kPost || method == Method::kPut || method == Method::kPatch;
}

}  // namespace

void HeaderBlock::Append(std::string_view name, std::string_view value, uint8_t flags) {
  pairs_.push_back({Unqualified(name), Unqualified(value), name.size(), value.size(), flags});
}

void HeaderBlock::AppendStatus(uint16_t status) {
  std::to_chars(status_.data(), status_.data() + status_.size(), status);
  AppendLiteral(":status", {status_.data(), status_.size()});
}

void HeaderBlock::AppendContentLength(uint64_t length) {
  const char* const end =
      std::to_chars(content_length_.data(), content_length_.data() + content_length_.size(), length).ptr;
  AppendLiteral("content-length", {content_length_.data(), static_cast<size_t>(end - content_length_.data())});
}

KnownFields HeaderBlock::AppendFields(const FieldList& fields, const Changes& changes) {
  const NominatedFields nominated(fields, changes.nominated);
  const FieldEdits* const edits = changes.edits == nullptr || changes.edits->empty() ? nullptr : changes.edits;
  const auto is_of_handshake = [&](std::string_view name) {
    return !changes.handshake_field.empty() && EqualsIgnoreCase(name, changes.handshake_field);
  };
  KnownFields seen;
  for (const FieldList::Field& field : fields) {
    const std::string_view name = fields.name(field);
    if (nominated.Has(field.known, name)) continue;
    if (edits != nullptr && edits->Drops(name)) continue;
    seen.Add(field.known);
    if (changes.known.Has(field.known) || is_of_handshake(name)) continue;
    Append(name, fields.value(field), field.never_indexed ? NGHTTP2_NV_FLAG_NO_INDEX : NGHTTP2_NV_FLAG_NONE);
  }
  if (edits == nullptr) return seen;
  edits->ForEachWritten([&](std::string_view name, std::string_view value) {
    seen.Add(FindKnownField(name));
    if (!is_of_handshake(name)) Add(name, value);
  });
  return seen;
}

void HeaderBlock::WriteRequest(const RequestHead& head, const HeadEdits& edits, std::string_view scheme) {
  const std::string_view authority = edits.host.empty() ? head.Get(head.authority) : edits.host;
  const bool is_connect = head.method == Method::kConnect;
  const bool is_extended_connect = !is_connect && !edits.upgrade.empty();
  AppendLiteral(":method", is_extended_connect ? std::string_view("CONNECT") : head.Get(head.method_text));
  if (is_extended_connect) AppendLiteral(":protocol", edits.upgrade);
  if (!is_connect) {  // RFC 9113 §8.5
    std::string_view target = edits.target.empty() ? head.target_text() : edits.target;
    if (target.empty()) {
      target = "*";
    } else if (target.front() == '?') {
      path_.assign(1, '/').append(target);
      target = path_;
    }
    AppendLiteral(":scheme", scheme);
    AppendLiteral(":path", target);
  }
  if (!authority.empty()) AppendLiteral(":authority", authority);  // RFC 9113 §8.3.1: not an empty one

  KnownFields removed = kHopByHopFields;
  removed.Add(KnownField::kHost);
  if (!head.expects_continue) removed.Add(KnownField::kExpect);
  if (head.framing == BodyFraming::kNone) removed.Add(KnownField::kTrailer);
  const KnownFields seen =
      AppendFields(head.fields, {.known = removed,
                                 .nominated = head.connection_options,
                                 .edits = &edits.fields,
                                 .handshake_field = is_extended_connect ? "sec-websocket-key" : ""});

  if (is_connect || is_extended_connect) return;
  if (head.framing == BodyFraming::kContentLength ||
      (head.framing == BodyFraming::kNone &&
       (AnnouncesEmptyBody(head.method) || seen.Has(KnownField::kContentLength)))) {
    AppendContentLength(head.content_length);
  }
  if (seen.Has(KnownField::kTe) && head.minor_version >= 1 && AcceptsTrailers(head.fields)) {
    AppendLiteral("te", "trailers");
  }
}

void HeaderBlock::WriteResponse(const ResponseHead& head, const ResponseOptions& options) {
  const bool switches_protocol = head.status == 101;
  AppendStatus(switches_protocol ? 200 : head.status);

  KnownFields removed = kHopByHopFields;
  if (head.framing == BodyFraming::kNone) removed.Add(KnownField::kTrailer);
  const KnownFields seen =
      AppendFields(head.fields, {.known = removed,
                                 .nominated = head.connection_options,
                                 .edits = options.edits,
                                 .handshake_field = switches_protocol ? "sec-websocket-accept" : ""});
  if (head.status < 200 && !switches_protocol) return;

  if (!options.date.empty() && !seen.Has(KnownField::kDate)) AppendLiteral("date", options.date);
  if (head.framing == BodyFraming::kContentLength) return AppendContentLength(head.content_length);
  if (head.framing != BodyFraming::kNone || head.status == 204) return;
  if (seen.Has(KnownField::kContentLength) || !NeverHasBody(options.request_method, head.status)) {
    AppendContentLength(head.content_length);
  }
}

void HeaderBlock::WriteFixed(uint16_t status, uint64_t body_size, std::string_view date, const FieldEdits& edits) {
  AppendStatus(status);
  edits.ForEachWritten([this](std::string_view name, std::string_view value) { Add(name, value); });
  if (!date.empty() && !edits.Drops("Date")) AppendLiteral("date", date);
  if (status != 204 && status != 304) AppendContentLength(body_size);
}

void HeaderBlock::WriteTrailers(const FieldList& trailers) {
  for (const FieldList::Field& field : trailers) Add(trailers.name(field), trailers.value(field));
}

}  // namespace fairlead::http::h2
