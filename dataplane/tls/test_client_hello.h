#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace fairlead::tls {

// Pieces that ClientHellos of tests are put together from.

// `text` behind its length in `length_size` bytes (RFC 8446 §3.4).
inline std::string Vector(size_t length_size, std::string_view text) {
  std::string out;
  for (size_t i = length_size; i-- > 0;) out += static_cast<char>(text.size() >> (8 * i));
  return out.append(text);
}

inline std::string Extension(uint16_t type, std::string_view content) {
  const std::string number = {static_cast<char>(type >> 8), static_cast<char>(type)};
  return number + Vector(2, content);
}

// The server_name extension with one name.
inline std::string ServerName(std::string_view name) {
  return Extension(0, Vector(2, std::string(1, '\0') + Vector(2, name)));
}

// A whole ClientHello as a handshake message, without a record's header.
inline std::string ClientHelloMessage(std::string_view extensions) {
  const std::string body = "\x03\x03" + std::string(32, 'r') + Vector(1, std::string(32, 's')) +
                           Vector(2, std::string_view("\x0a\x0a\x13\x01", 4)) + Vector(1, std::string_view("\0", 1)) +
                           Vector(2, extensions);
  return "\x01" + Vector(3, body);
}

inline std::string Record(std::string_view content) { return "\x16\x03\x01" + Vector(2, content); }

// In records of at most `size` bytes.
inline std::string Records(std::string_view message, size_t size) {
  std::string records;
  for (size_t at = 0; at < message.size(); at += size) records += Record(message.substr(at, size));
  return records;
}

// In one record, as clients send it, with GREASE (RFC 8701).
inline std::string ClientHelloFor(std::string_view name) {
  return Record(ClientHelloMessage(Extension(0x1a1a, "") + ServerName(name) + Extension(0x2a2a, std::string(1, '\0'))));
}

}  // namespace fairlead::tls
