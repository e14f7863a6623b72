#include "dataplane/http/h2/request_reader.h"

#include "dataplane/http/ascii.h"
#include "dataplane/http/authority.h"
#include "dataplane/http/list_members.h"
#include "dataplane/http/scan.h"

namespace fairlead::http::h2 {
namespace {

constexpr size_t kMaxMethodSize = 32;
// What a request line takes besides method and target: two spaces, the version, CR LF.
constexpr size_t kRequestLineOverhead = 12;
// What "host: " and CR LF take.
constexpr size_t kHostOverhead = 8;

// Whether two authorities name one entity for a scheme: in any case, with its default port or without.
bool IsSameAuthority(std::string_view a, std::string_view b, bool https) {
  if (EqualsIgnoreCase(a, b)) return true;
  const auto without_default_port = [&](std::string_view text) {
    for (std::string_view port : {https ? std::string_view(":443") : std::string_view(":80"), std::string_view(":")}) {
      if (text.ends_with(port)) return text.substr(0, text.size() - port.size());
    }
    return text;
  };
  return EqualsIgnoreCase(without_default_port(a), without_default_port(b));
}

bool HasPort(std::string_view authority) {
  const size_t colon = authority.rfind(':');
  return colon != std::string_view::npos && colon + 1 < authority.size() && authority.back() != ']';
}

}  // namespace

void RequestReader::Start(RequestHead* head) {
  head_ = head;
  head->Clear();
  head->http2 = true;
  gatherer_.Start(&head->fields, limits_->max_head_bytes, limits_->max_fields);
  protocol_ = host_ = {};
  seen_ = 0;
  body_length_.Start();
  https_ = regular_begun_ = has_host_ = saw_continue_ = saw_other_expectation_ = false;
}

bool RequestReader::Refuse(const ReadResult& result) {
  gatherer_.Fail(result);
  return false;
}

bool RequestReader::Malformed(const char* reason) { return Refuse(ReadResult::Malformed(reason)); }

bool RequestReader::Add(std::string_view name, std::string_view value, bool never_indexed) {
  if (!gatherer_.result().done()) return false;
  if (name.starts_with(':')) return AddPseudo(name, value);
  regular_begun_ = true;
  KnownField known;
  if (!gatherer_.Add(name, value, never_indexed, &known)) return false;
  switch (known) {
    case KnownField::kHost:
      return AddHost(value);
    case KnownField::kContentLength:
      return AddContentLength(value);
    case KnownField::kExpect:
      AddExpect(value);
      return true;
    default:
      return true;
  }
}

bool RequestReader::AddPseudo(std::string_view name, std::string_view value) {
  if (regular_begun_) return Malformed("a pseudo-header field behind a regular one");
  const auto is_first = [&](Pseudo pseudo) {
    if (Has(pseudo)) return Malformed("a pseudo-header field that comes twice");
    seen_ |= pseudo;
    return true;
  };
  const char* const end = value.data() + value.size();
  if (name == ":method") {
    if (!is_first(kMethod)) return false;
    if (!IsToken(value)) return Malformed("a method that is no token");
    if (value.size() > kMaxMethodSize) return Refuse(ReadResult::Refused(501, "method longer than any known"));
    head_->method = FindMethod(value);
    return gatherer_.AddText(value, value.size() + kRequestLineOverhead, &head_->method_text);
  }
  if (name == ":path") {
    if (!is_first(kPath)) return false;
    if (value.size() > limits_->max_target_bytes) {
      return Refuse(ReadResult::Refused(414, "target larger than the limit", RequestLimit::kUriBytes));
    }
    if (value.empty() || SkipTarget(value.data(), end) != end) return Malformed("invalid character in :path");
    if (value.front() != '/' && value != "*") return Malformed(":path does not begin with a slash");
    return gatherer_.AddText(value, value.size(), &head_->target);
  }
  if (name == ":authority") {
    if (!is_first(kAuthority)) return false;
    if (!IsValidAuthority(value)) return Malformed("invalid :authority");
    return gatherer_.AddText(value, value.size() + kHostOverhead, &head_->authority);
  }
  if (name == ":scheme") {
    if (!is_first(kScheme)) return false;
    https_ = EqualsLowerCase(value, "https");
    return https_ || EqualsLowerCase(value, "http") || Malformed(":scheme is neither http nor https");
  }
  if (name == ":protocol") {
    if (!is_first(kProtocol)) return false;
    if (!IsToken(value)) return Malformed("a :protocol that is no token");
    return gatherer_.AddText(value, value.size(), &protocol_);
  }
  return Malformed("unknown pseudo-header field");
}

bool RequestReader::AddHost(std::string_view value) {
  if (has_host_) return Malformed("more than one Host");
  has_host_ = true;
  if (!IsValidAuthority(value)) return Malformed("invalid Host");
  const FieldList::Field& field = head_->fields.back();
  host_ = {field.value_offset, field.value_size};
  return true;
}

bool RequestReader::AddContentLength(std::string_view value) {
  const char* const reason = body_length_.Add(value, &head_->content_length);
  return reason == nullptr || Malformed(reason);
}

void RequestReader::AddExpect(std::string_view value) {
  ForEachListMember(value, [&](std::string_view expectation) {
    if (EqualsLowerCase(expectation, "100-continue")) {
      saw_continue_ = true;
    } else if (!expectation.empty()) {
      saw_other_expectation_ = true;
    }
  });
}

ReadResult RequestReader::Finish(bool end_stream) {
  gatherer_.JoinCookies();
  ReadResult result = gatherer_.result();
  if (result.done()) {
    if (!Has(kMethod)) {
      result = ReadResult::Malformed("no :method");
    } else if (head_->method != Method::kConnect) {
      result = FinishRequest();
    } else {
      result = Has(kProtocol) ? FinishExtendedConnect() : FinishConnect();
    }
  }
  if (result.done()) result = FinishBody(end_stream);
  head_->SetBase(gatherer_.text().data());
  return result;
}

ReadResult RequestReader::FinishRequest() {
  if (Has(kProtocol)) return ReadResult::Malformed(":protocol without CONNECT");
  if (!Has(kScheme | kPath)) return ReadResult::Malformed("no :scheme or no :path");
  if (Get(head_->target) == "*" && head_->method != Method::kOptions) {
    return ReadResult::Malformed("the :path * needs the method OPTIONS");
  }
  if (!Has(kAuthority)) {
    if (!has_host_) return ReadResult::Malformed("neither :authority nor Host");
    head_->authority = host_;
    return {};
  }
  return FinishAuthority();
}

// §8.3.1: where Host comes too, it names the same entity.
ReadResult RequestReader::FinishAuthority() {
  if (!has_host_) {
    gatherer_.AddOwn("host", head_->authority, KnownField::kHost);
  } else if (!IsSameAuthority(Get(host_), Get(head_->authority), https_)) {
    return ReadResult::Malformed("Host names another authority than :authority");
  }
  return {};
}

ReadResult RequestReader::FinishConnect() {
  if ((seen_ & (kScheme | kPath)) != 0) return ReadResult::Malformed("CONNECT with :scheme or :path");
  if (!Has(kAuthority)) return ReadResult::Malformed("CONNECT without :authority");
  if (!HasPort(Get(head_->authority))) return ReadResult::Malformed("the :authority of CONNECT is not host:port");
  if (body_length_.announced()) return ReadResult::Malformed("CONNECT with a body");
  head_->target = head_->authority;
  return FinishAuthority();
}

// RFC 8441 §4.
ReadResult RequestReader::FinishExtendedConnect() {
  if (!Has(kScheme | kPath | kAuthority)) {
    return ReadResult::Malformed("extended CONNECT without :scheme, :path or :authority");
  }
  if (body_length_.announced()) return ReadResult::Malformed("CONNECT with a body");
  head_->extended_connect = head_->connection_upgrade = true;
  head_->method = Method::kGet;
  head_->method_text = gatherer_.AddOwnText("GET");
  gatherer_.AddOwn("upgrade", protocol_, KnownField::kUpgrade);
  if (Get(head_->target) == "*") return ReadResult::Malformed("the :path * needs the method OPTIONS");
  return FinishAuthority();
}

ReadResult RequestReader::FinishBody(bool end_stream) {
  if (saw_other_expectation_) return ReadResult::Refused(417, "an expectation other than 100-continue");
  if (head_->method == Method::kConnect || head_->extended_connect) return {};  // what comes is the tunnel's
  const ReadResult result = body_length_.Finish(head_->content_length, end_stream, &head_->framing);
  head_->expects_continue = saw_continue_ && head_->framing != BodyFraming::kNone;
  return result;
}

}  // namespace fairlead::http::h2
