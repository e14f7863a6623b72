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

// One line on its way. Style is how values are told.
class Line {
 public:
  Line(Escaping escaping, char* out) : escaping_(escaping), out_(out), texts_end_(out + kMaxLineBytes - kReserved) {}

  char* out() const { return out_; }
  bool is_json() const { return escaping_ == Escaping::kJson; }

  void Raw(std::string_view bytes) {
    std::memcpy(out_, bytes.data(), bytes.size());
    out_ += bytes.size();
  }
  // As many bytes as `copied` are written, of which only `size` count: for texts that lie in a room of a fixed size.
  template <size_t kRoom>
  void Padded(const std::array<char, kRoom>& bytes, size_t size) {
    std::memcpy(out_, bytes.data(), kRoom);
    out_ += size;
  }
  void Byte(char c) { *out_++ = c; }

  void Null() {
    if (is_json()) {
      Raw("null");
    } else {
      Byte('-');
    }
  }
  void Quote() {
    if (is_json()) Byte('"');
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
    out_ = AppendEscaped(escaping_, text, room, out_);
  }
  void Number(uint64_t number) { out_ = std::to_chars(out_, out_ + 20, number).ptr; }
  void NumberOrNull(int64_t number) {
    if (number < 0) return Null();
    Number(number);
  }
  void Address(const net::Address* address) {
    if (address == nullptr) return Null();
    Quote();
    out_ = AppendAddress(*address, escaping_, out_);
    Quote();
  }
  void Time(uint64_t time_us, Timestamp* timestamp) {
    Quote();
    out_ = timestamp->Append(time_us, out_);
    Quote();
  }

 private:
  const Escaping escaping_;
  char* out_;
  char* const texts_end_;
};

// The first field of this name, in lower case; empty where there is none.
std::string_view FirstOf(const http::FieldList* fields, std::string_view name) {
  if (fields == nullptr) return {};
  for (const http::FieldList::Field& field : *fields) {
    if (field.name_size == name.size() && http::EqualsIgnoreCase(fields->name(field), name)) {
      return fields->value(field);
    }
  }
  return {};
}

// All fields of this name, as a list (RFC 9110 §5.3).
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

void WriteValue(LogField field, const Entry& entry, Timestamp* timestamp, Line* line) {
  switch (field) {
    case LogField::kTime:
      return line->Time(entry.time_us, timestamp);
    case LogField::kType:
      return line->Text(entry.is_http ? "http" : "tcp");
    case LogField::kListener:
      return line->Text(entry.listener);
    case LogField::kRevision:
      return line->Number(entry.revision);
    case LogField::kRouteTable:
      return line->Text(entry.route_table);
    case LogField::kVirtualHost:
      return line->Text(entry.virtual_host);
    case LogField::kRule:
      return line->Text(entry.rule);
    case LogField::kBackend:
      return line->Text(entry.backend);
    case LogField::kServer:
      return line->Text(entry.server);
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
      return line->Text(entry.protocol);
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
      return line->Text(entry.request_id.empty() ? FirstOf(entry.request_fields, "x-request-id") : entry.request_id);
    case LogField::kUserAgent:
      return line->Text(FirstOf(entry.request_fields, "user-agent"));
    case LogField::kReferer:
      return line->Text(FirstOf(entry.request_fields, "referer"));
    case LogField::kDecidedBy:
      return line->Text(entry.decided_by);
    case LogField::kReason:
      return line->Text(entry.reason);
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
                               Bit(LogField::kPath) | Bit(LogField::kProtocol) | Bit(LogField::kStatus) |
                               Bit(LogField::kRequestHeadUs) | Bit(LogField::kRequestBodyUs) |
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
                  Line* line) {
  for (const std::string& name : names) {
    line->Raw(",\"");
    line->Raw(prefix);
    line->Raw(name);
    line->Raw("\":");
    WriteAllOf(fields, name, line);
  }
}

void WriteJson(const config::AccessLog& log, const Entry& entry, Timestamp* timestamp, Line* line) {
  static const std::array<JsonKey, kFieldCount> keys = MakeJsonKeys();
  for (const JsonKey& key : keys) {
    if (!entry.is_http && IsOfHttpAlone(key.field)) continue;
    line->Padded(key.text, key.size);
    WriteValue(key.field, entry, timestamp, line);
  }
  WriteHeaders(kRequestHeaderPrefix, log.request_headers, entry.request_fields, line);
  WriteHeaders(kResponseHeaderPrefix, log.response_headers, entry.response_fields, line);
  line->Byte('}');
}

void WriteText(const config::AccessLog& log, const Entry& entry, Timestamp* timestamp, Line* line) {
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
        WriteValue(piece.field, entry, timestamp, line);
    }
  }
  line->Raw(log.tail);
}

}  // namespace

char* Formatter::Format(const config::AccessLog& log, const Entry& entry, char* out) {
  Line line(log.is_json() ? Escaping::kJson : Escaping::kText, out);
  if (log.is_json()) {
    WriteJson(log, entry, &timestamp_, &line);
  } else {
    WriteText(log, entry, &timestamp_, &line);
  }
  line.Byte('\n');
  return line.out();
}

}  // namespace fairlead::access_log
