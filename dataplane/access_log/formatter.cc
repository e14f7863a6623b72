#include "dataplane/access_log/formatter.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <string_view>

#include "dataplane/access_log/address_text.h"
#include "dataplane/access_log/escape.h"
#include "dataplane/access_log/fields.h"
#include "dataplane/http/ascii.h"

namespace fairlead::access_log {
namespace {

using config::LogField;

// What all that is not a text may take in one line: names, numbers, addresses, a format's own texts.
constexpr size_t kReserved = 64 * 1024;
static_assert(kMaxPathBytes + (64 + 16) * (kMaxTextBytes + 64) + kReserved <= kMaxLineBytes);

// One line on its way, in JSON or as a format's text.
template <Escaping kEscaping>
class Line {
 public:
  explicit Line(char* out) : out_(out), texts_end_(out + kMaxLineBytes - kReserved) {}

  char* out() const { return out_; }

  void Raw(std::string_view bytes) {
    bytes.copy(out_, bytes.size());
    out_ += bytes.size();
  }
  // All of the room is copied, of which `size` bytes count: two instructions where its size is known.
  template <size_t kRoom>
  void Padded(const std::array<char, kRoom>& bytes, size_t size) {
    std::memcpy(out_, bytes.data(), kRoom);
    out_ += size;
  }
  void Byte(char c) { *out_++ = c; }

  void Null() {
    if constexpr (kEscaping == Escaping::kJson) {
      Raw("null");
    } else {
      Byte('-');
    }
  }
  void Quote() {
    if constexpr (kEscaping == Escaping::kJson) Byte('"');
  }
  // A text of the proxy's own: ids, which the control side has checked, and words.
  void Word(std::string_view word) {
    if (word.empty()) return Null();
    Quote();
    Raw(word);
    Quote();
  }
  void Text(std::string_view text, size_t room = kMaxTextBytes) {
    if (text.empty()) return Null();
    Quote();
    Escaped(text, room);
    Quote();
  }
  void Escaped(std::string_view text, size_t room) {
    const ptrdiff_t left = texts_end_ - out_;
    room = left <= static_cast<ptrdiff_t>(kMinEscapedRoom) ? kMinEscapedRoom : std::min<size_t>(room, left);
    out_ = AppendEscaped(kEscaping, text, room, out_);
  }
  void Number(uint64_t number) { out_ = std::to_chars(out_, out_ + 20, number).ptr; }
  void NumberOrNull(int64_t number) {
    if (number < 0) return Null();
    Number(number);
  }
  void Address(const net::Address* address) {
    if (address == nullptr) return Null();
    Quote();
    out_ = AppendAddress(*address, kEscaping, out_);
    Quote();
  }
  void Time(uint64_t time_us, Timestamp* timestamp) {
    Quote();
    out_ = timestamp->Append(time_us, out_);
    Quote();
  }

 private:
  char* out_;
  char* const texts_end_;
};

// What is told of a request's fields without being named.
struct KnownHeaders {
  explicit KnownHeaders(const http::FieldList* fields) {
    if (fields == nullptr) return;
    for (const http::FieldList::Field& field : *fields) {
      switch (field.name_size) {
        case 7:
          if (referer.empty() && http::EqualsLowerCase(fields->name(field), "referer")) referer = fields->value(field);
          break;
        case 10:
          if (user_agent.empty() && http::EqualsLowerCase(fields->name(field), "user-agent")) {
            user_agent = fields->value(field);
          }
          break;
        case 12:
          if (request_id.empty() && http::EqualsLowerCase(fields->name(field), "x-request-id")) {
            request_id = fields->value(field);
          }
          break;
      }
    }
  }

  std::string_view request_id, user_agent, referer;
};

// All fields of this name, as a list (RFC 9110 §5.3).
template <typename Line>
void WriteAllOf(const http::FieldList* fields, std::string_view name, Line* line) {
  bool found = false;
  size_t room = kMaxTextBytes;
  if (fields != nullptr) {
    for (const http::FieldList::Field& field : *fields) {
      if (field.name_size != name.size() || !http::EqualsIgnoreCase(fields->name(field), name)) continue;
      if (room <= 2 + kMinEscapedRoom) break;
      if (found) {
        line->Raw(", ");
        room -= 2;
      } else {
        line->Quote();
      }
      found = true;
      const char* const begin = line->out();
      line->Escaped(fields->value(field), room);
      room -= std::min<size_t>(room, line->out() - begin);
    }
  }
  if (!found) return line->Null();
  line->Quote();
}

template <typename Line>
[[gnu::always_inline]] inline void WriteValue(LogField field, const Entry& entry, const KnownHeaders& headers,
                                              Timestamp* timestamp, Line* line) {
  switch (field) {
    case LogField::kTime:
      return line->Time(entry.time_us, timestamp);
    case LogField::kType:
      return line->Word(entry.is_http ? "http" : "tcp");
    case LogField::kListener:
      return line->Word(entry.listener);
    case LogField::kRevision:
      return line->Number(entry.revision);
    case LogField::kRouteTable:
      return line->Word(entry.route_table);
    case LogField::kVirtualHost:
      return line->Word(entry.virtual_host);
    case LogField::kRule:
      return line->Word(entry.rule);
    case LogField::kBackend:
      return line->Word(entry.backend);
    case LogField::kServer:
      return line->Word(entry.server);
    case LogField::kServerAddress:
      return line->Address(entry.server_address);
    case LogField::kAttempts:
      return line->Number(entry.attempts);
    case LogField::kReused:
      if (entry.attempts == 0) return line->Null();
      return line->Raw(entry.reused ? "true" : "false");
    case LogField::kClient:
      return line->Address(entry.client);
    case LogField::kPeer:
      return line->Address(entry.peer);
    case LogField::kMethod:
      return line->Text(entry.method);
    case LogField::kAuthority:
      return line->Text(entry.authority);
    case LogField::kPath:
      return line->Text(entry.path, kMaxPathBytes);
    case LogField::kProtocol:
      return line->Word(entry.protocol);
    case LogField::kServerName:
      return line->Text(entry.server_name);
    case LogField::kTlsVersion:
      return line->Word(entry.tls_version);
    case LogField::kTlsCipher:
      return line->Word(entry.tls_cipher);
    case LogField::kTlsResumed:
      if (entry.tls_version.empty()) return line->Null();
      return line->Raw(entry.tls_resumed ? "true" : "false");
    case LogField::kTlsEarlyData:
      if (entry.tls_version.empty() || !entry.is_http) return line->Null();
      return line->Raw(entry.tls_early_data ? "true" : "false");
    case LogField::kTlsClientSubject:
      return line->Text(entry.tls_client_subject);
    case LogField::kStatus:
      if (entry.status == 0) return line->Null();
      return line->Number(entry.status);
    case LogField::kBytesReceived:
      return line->NumberOrNull(entry.bytes_received);
    case LogField::kBytesSent:
      return line->NumberOrNull(entry.bytes_sent);
    case LogField::kRequestHeadUs:
      return line->NumberOrNull(entry.request_head_us);
    case LogField::kRequestBodyUs:
      return line->NumberOrNull(entry.request_body_us);
    case LogField::kQueueUs:
      return line->NumberOrNull(entry.queue_us);
    case LogField::kConnectUs:
      return line->NumberOrNull(entry.connect_us);
    case LogField::kResponseHeadUs:
      return line->NumberOrNull(entry.response_head_us);
    case LogField::kResponseBodyUs:
      return line->NumberOrNull(entry.response_body_us);
    case LogField::kTotalUs:
      return line->NumberOrNull(entry.total_us);
    case LogField::kRequestId:
      return line->Text(entry.request_id.empty() ? headers.request_id : entry.request_id);
    case LogField::kUserAgent:
      return line->Text(headers.user_agent);
    case LogField::kReferer:
      return line->Text(headers.referer);
    case LogField::kDecidedBy:
      return line->Word(entry.decided_by);
    case LogField::kReason:
      return line->Word(entry.reason);
    case LogField::kDetail:
      return line->Text(entry.detail);
    case LogField::kRequestHeader:
    case LogField::kResponseHeader:
      return;  // told by name
  }
}

constexpr uint64_t Bit(LogField field) { return uint64_t{1} << static_cast<unsigned>(field); }

constexpr bool IsOfHttpAlone(LogField field) {
  constexpr uint64_t kOfHttp = Bit(LogField::kRouteTable) | Bit(LogField::kVirtualHost) | Bit(LogField::kRule) |
                               Bit(LogField::kReused) | Bit(LogField::kMethod) | Bit(LogField::kAuthority) |
                               Bit(LogField::kPath) | Bit(LogField::kProtocol) | Bit(LogField::kTlsEarlyData) |
                               Bit(LogField::kStatus) | Bit(LogField::kRequestHeadUs) | Bit(LogField::kRequestBodyUs) |
                               Bit(LogField::kResponseHeadUs) | Bit(LogField::kResponseBodyUs) |
                               Bit(LogField::kRequestId) | Bit(LogField::kUserAgent) | Bit(LogField::kReferer);
  return (kOfHttp & Bit(field)) != 0;
}

// `"name":`, with a comma in front, in a room of a fixed size, so that copying it takes two instructions.
struct JsonKey {
  std::array<char, 32> text{};
  size_t size = 0;
  LogField field{};
};

constexpr size_t kFieldCount = static_cast<size_t>(LogField::kRequestHeader);

std::array<JsonKey, kFieldCount> MakeJsonKeys() {
  std::array<JsonKey, kFieldCount> keys;
  size_t i = 0;
  for (const FieldName& name : FieldNames()) {
    JsonKey& key = keys[i++];
    key.field = name.field;
    const auto add = [&](std::string_view text) { key.size += text.copy(key.text.data() + key.size, text.size()); };
    add(i == 1 ? "{\"" : ",\"");
    add(name.name);
    add("\":");
  }
  return keys;
}

void WriteHeaders(std::string_view prefix, const std::vector<std::string>& names, const http::FieldList* fields,
                  Line<Escaping::kJson>* line) {
  for (const std::string& name : names) {
    line->Raw(",\"");
    line->Raw(prefix);
    line->Raw(name);
    line->Raw("\":");
    WriteAllOf(fields, name, line);
  }
}

void WriteJson(const config::AccessLog& log, const Entry& entry, Timestamp* timestamp, Line<Escaping::kJson>* line) {
  const KnownHeaders headers(entry.request_fields);
  static const std::array<JsonKey, kFieldCount> keys = MakeJsonKeys();
  for (const JsonKey& key : keys) {
    if (!entry.is_http && IsOfHttpAlone(key.field)) continue;
    line->Padded(key.text, key.size);
    WriteValue(key.field, entry, headers, timestamp, line);
  }
  WriteHeaders(kRequestHeaderPrefix, log.request_headers, entry.request_fields, line);
  WriteHeaders(kResponseHeaderPrefix, log.response_headers, entry.response_fields, line);
  line->Byte('}');
}

void WriteText(const config::AccessLog& log, const Entry& entry, Timestamp* timestamp, Line<Escaping::kText>* line) {
  const KnownHeaders headers(entry.request_fields);
  for (const config::LogPiece& piece : log.pieces) {
    line->Raw(piece.text);
    switch (piece.field) {
      case LogField::kRequestHeader:
        WriteAllOf(entry.request_fields, log.request_headers[piece.header], line);
        break;
      case LogField::kResponseHeader:
        WriteAllOf(entry.response_fields, log.response_headers[piece.header], line);
        break;
      default:
        WriteValue(piece.field, entry, headers, timestamp, line);
    }
  }
  line->Raw(log.tail);
}

}  // namespace

char* Formatter::Format(const config::AccessLog& log, const Entry& entry, char* out) {
  if (log.is_json()) {
    Line<Escaping::kJson> line(out);
    WriteJson(log, entry, &timestamp_, &line);
    out = line.out();
  } else {
    Line<Escaping::kText> line(out);
    WriteText(log, entry, &timestamp_, &line);
    out = line.out();
  }
  *out++ = '\n';
  return out;
}

}  // namespace fairlead::access_log
