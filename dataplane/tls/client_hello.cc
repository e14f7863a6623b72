#include "dataplane/tls/client_hello.h"

#include "absl/strings/ascii.h"
#include "dataplane/base/host_name.h"

namespace fairlead::tls {
namespace {

using Status = ClientHelloResult::Status;

// RFC 8446 §5.1
constexpr uint8_t kHandshakeRecord = 22;
constexpr uint8_t kMajorVersion = 3;
constexpr size_t kRecordHeaderSize = 5;
constexpr size_t kMaxRecordSize = 1 << 14;
// §4
constexpr uint8_t kClientHelloType = 1;
constexpr size_t kMessageHeaderSize = 4;
// RFC 6066 §3
constexpr uint16_t kServerNameExtension = 0;
constexpr uint8_t kHostNameType = 0;

ClientHelloResult Incomplete() { return {.status = Status::kIncomplete}; }
ClientHelloResult Malformed(const char* error) { return {.status = Status::kMalformed, .error = error}; }

uint8_t ByteAt(std::string_view bytes, size_t index) { return static_cast<uint8_t>(bytes[index]); }

size_t NumberAt(std::string_view bytes, size_t index, size_t size) {
  size_t number = 0;
  for (size_t i = 0; i < size; ++i) number = number << 8 | ByteAt(bytes, index + i);
  return number;
}

// Takes a vector off the front of `bytes`: its length in `length_size` bytes, then itself (RFC 8446 §3.4). False: it
// goes beyond the end.
bool TakeVector(std::string_view* bytes, size_t length_size, std::string_view* vector) {
  if (bytes->size() < length_size) return false;
  const size_t size = NumberAt(*bytes, 0, length_size);
  bytes->remove_prefix(length_size);
  if (bytes->size() < size) return false;
  *vector = bytes->substr(0, size);
  bytes->remove_prefix(size);
  return true;
}

bool TakeFixed(std::string_view* bytes, size_t size) {
  if (bytes->size() < size) return false;
  bytes->remove_prefix(size);
  return true;
}

// One name, of the only type that there is, and nothing else: so do OpenSSL and BoringSSL read it, and a list with more
// could be read in two ways.
ClientHelloResult ReadServerName(std::string_view extension, std::string* server_name) {
  std::string_view list, name;
  if (!TakeVector(&extension, 2, &list) || !extension.empty() || list.empty()) {
    return Malformed("server_name is no list of names");
  }
  if (ByteAt(list, 0) != kHostNameType) return Malformed("server_name has a name of an unknown type");
  list.remove_prefix(1);
  if (!TakeVector(&list, 2, &name)) return Malformed("server_name is cut short");
  if (!list.empty()) return Malformed("server_name has more than one name");
  if (name.ends_with('.')) name.remove_suffix(1);
  if (!base::IsHostName(name)) return Malformed("server_name is no host's name");
  *server_name = name;
  absl::AsciiStrToLower(server_name);
  return {.status = Status::kDone};
}

// `body`: the message without its header.
ClientHelloResult ReadBody(std::string_view body, ClientHello* hello) {
  constexpr size_t kVersionSize = 2, kRandomSize = 32, kMaxSessionIdSize = 32;
  std::string_view session_id, cipher_suites, compression_methods;
  if (!TakeFixed(&body, kVersionSize + kRandomSize) || !TakeVector(&body, 1, &session_id) ||
      !TakeVector(&body, 2, &cipher_suites) || !TakeVector(&body, 1, &compression_methods)) {
    return Malformed("the ClientHello is cut short");
  }
  if (session_id.size() > kMaxSessionIdSize || cipher_suites.empty() || cipher_suites.size() % 2 != 0 ||
      compression_methods.empty()) {
    return Malformed("the ClientHello has a field of a wrong size");
  }
  hello->server_name.clear();
  if (body.empty()) return {.status = Status::kDone};  // RFC 5246 §7.4.1.2: extensions may be left out

  std::string_view extensions;
  if (!TakeVector(&body, 2, &extensions)) return Malformed("the ClientHello is cut short");
  if (!body.empty()) return Malformed("something follows the ClientHello's extensions");
  bool named = false;
  while (!extensions.empty()) {
    if (extensions.size() < 2) return Malformed("an extension is cut short");
    const size_t type = NumberAt(extensions, 0, 2);
    extensions.remove_prefix(2);
    std::string_view extension;
    if (!TakeVector(&extensions, 2, &extension)) return Malformed("an extension is cut short");
    if (type != kServerNameExtension) continue;
    if (named) return Malformed("server_name is there twice");  // RFC 8446 §4.2
    named = true;
    if (const auto result = ReadServerName(extension, &hello->server_name); result.status != Status::kDone) {
      return result;
    }
  }
  return {.status = Status::kDone};
}

}  // namespace

ClientHelloResult ReadClientHello(std::string_view bytes, ClientHello* hello) {
  std::string_view records = bytes.substr(0, kMaxClientHelloSize);
  std::string_view message;  // of what has come of it
  std::string gathered;      // the same, where it is spread over records
  while (true) {
    // Each byte is refused as it comes.
    if (!records.empty() && ByteAt(records, 0) != kHandshakeRecord) return Malformed("no TLS handshake");
    if (records.size() > 1 && ByteAt(records, 1) != kMajorVersion) return Malformed("no TLS handshake");
    if (records.size() < kRecordHeaderSize) break;
    const size_t record_size = NumberAt(records, 3, 2);
    if (record_size == 0 || record_size > kMaxRecordSize) return Malformed("a record of a wrong size");
    records.remove_prefix(kRecordHeaderSize);
    const std::string_view part = records.substr(0, record_size);
    records.remove_prefix(part.size());
    if (message.empty()) {
      message = part;
    } else {
      if (gathered.empty()) gathered = message;
      gathered += part;
      message = gathered;
    }

    if (!message.empty() && ByteAt(message, 0) != kClientHelloType) return Malformed("no ClientHello");
    if (message.size() >= kMessageHeaderSize) {
      const size_t size = NumberAt(message, 1, 3);
      if (size > kMaxClientHelloSize - kMessageHeaderSize) return Malformed("the ClientHello is too long");
      if (message.size() - kMessageHeaderSize >= size) return ReadBody(message.substr(kMessageHeaderSize, size), hello);
    }
    if (part.size() < record_size) break;
  }
  return bytes.size() >= kMaxClientHelloSize ? Malformed("the ClientHello is too long") : Incomplete();
}

}  // namespace fairlead::tls
