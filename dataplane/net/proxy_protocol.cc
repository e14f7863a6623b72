#include "dataplane/net/proxy_protocol.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <type_traits>

#include "absl/strings/str_cat.h"

namespace fairlead::net {
namespace {

using Status = ProxyHeaderResult::Status;

constexpr std::string_view kV1Begin = "PROXY ";
constexpr size_t kV1MaxSize = 107;  // §2.1, with CR and LF
constexpr std::string_view kV2Signature{"\r\n\r\n\0\r\nQUIT\n", 12};
constexpr size_t kV2FixedSize = 16;

// §2.2
constexpr uint8_t kLocal = 0x20, kProxy = 0x21;
constexpr uint8_t kUnspec = 0x00, kTcp4 = 0x11, kTcp6 = 0x21, kUnixStream = 0x31;
constexpr size_t kTcp4Size = 12, kTcp6Size = 36, kUnixSize = 216, kUnixPathSize = 108;
// §2.2.3
constexpr uint8_t kTlvChecksum = 0x03;
constexpr size_t kTlvFixedSize = 3, kChecksumSize = 4;

ProxyHeaderResult Incomplete() { return {.status = Status::kIncomplete}; }
ProxyHeaderResult Malformed(const char* error) { return {.status = Status::kMalformed, .error = error}; }

uint8_t ByteAt(std::string_view bytes, size_t index) { return static_cast<uint8_t>(bytes[index]); }
size_t Size16At(std::string_view bytes, size_t index) { return ByteAt(bytes, index) << 8 | ByteAt(bytes, index + 1); }

void AppendSize16(std::string* out, size_t size) {
  out->push_back(static_cast<char>(size >> 8));
  out->push_back(static_cast<char>(size));
}

// CRC32C (RFC 3720 §B.4), reflected.
constexpr std::array<uint32_t, 256> kCrcTable = [] {
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t remainder = i;
    for (int bit = 0; bit < 8; ++bit) remainder = (remainder >> 1) ^ ((remainder & 1) != 0 ? 0x82f63b78 : 0);
    table[i] = remainder;
  }
  return table;
}();

uint32_t AddToCrc(uint32_t crc, std::string_view bytes) {
  for (char byte : bytes) crc = kCrcTable[(crc ^ static_cast<uint8_t>(byte)) & 0xff] ^ (crc >> 8);
  return crc;
}

// Of a header whose checksum lies at `at`, as if that were 0.
uint32_t ChecksumOf(std::string_view header, size_t at) {
  constexpr std::string_view kZero("\0\0\0\0", kChecksumSize);
  uint32_t crc = AddToCrc(0xffffffff, header.substr(0, at));
  crc = AddToCrc(crc, kZero);
  return ~AddToCrc(crc, header.substr(at + kChecksumSize));
}

// `ip` and `port` in network order.
Address MakeAddress(sa_family_t family, const char* ip, const char* port) {
  if (family == AF_INET) {
    sockaddr_in v4 = {};
    v4.sin_family = AF_INET;
    std::memcpy(&v4.sin_addr, ip, sizeof(v4.sin_addr));
    std::memcpy(&v4.sin_port, port, sizeof(v4.sin_port));
    return *Address::FromSockaddr(reinterpret_cast<const sockaddr*>(&v4), sizeof(v4));
  }
  sockaddr_in6 v6 = {};
  v6.sin6_family = AF_INET6;
  std::memcpy(&v6.sin6_addr, ip, sizeof(v6.sin6_addr));
  std::memcpy(&v6.sin6_port, port, sizeof(v6.sin6_port));
  return *Address::FromSockaddr(reinterpret_cast<const sockaddr*>(&v6), sizeof(v6));
}

Address MakeUnixAddress(const char* path) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  static_assert(sizeof(address.sun_path) == kUnixPathSize);
  std::memcpy(address.sun_path, path, kUnixPathSize);
  return *Address::FromSockaddr(reinterpret_cast<const sockaddr*>(&address), sizeof(address));
}

// Takes the text up to the next space, or all that is left.
std::string_view TakeWord(std::string_view* line) {
  const size_t space = std::min(line->find(' '), line->size());
  const std::string_view word = line->substr(0, space);
  line->remove_prefix(std::min(space + 1, line->size()));
  return word;
}

// Decimal, without leading zeros.
bool ParsePort(std::string_view text, uint16_t* port) {
  if (text.empty() || (text.size() > 1 && text[0] == '0')) return false;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *port);
  *port = htons(*port);
  return error == std::errc() && end == text.data() + text.size();
}

bool ParseIp(int family, std::string_view text, char* ip) {
  char terminated[INET6_ADDRSTRLEN] = {};
  if (text.size() >= sizeof(terminated) || text.find('\0') != text.npos) return false;
  text.copy(terminated, text.size());
  return inet_pton(family, terminated, ip) == 1;
}

// `line`: behind "PROXY ", without CR and LF.
const char* ParseV1Line(std::string_view line, ProxyHeader* header) {
  const std::string_view protocol = TakeWord(&line);
  if (protocol == "UNKNOWN") return nullptr;  // what may follow is to be ignored
  if (protocol != "TCP4" && protocol != "TCP6") return "an unknown protocol";
  const sa_family_t family = protocol == "TCP4" ? AF_INET : AF_INET6;
  const std::string_view source = TakeWord(&line), destination = TakeWord(&line), source_port = TakeWord(&line);
  char source_ip[16], destination_ip[16];
  uint16_t ports[2];
  if (!ParseIp(family, source, source_ip) || !ParseIp(family, destination, destination_ip)) return "not an address";
  if (!ParsePort(source_port, &ports[0]) || !ParsePort(line, &ports[1])) return "not a port";
  header->source = MakeAddress(family, source_ip, reinterpret_cast<const char*>(&ports[0]));
  header->destination = MakeAddress(family, destination_ip, reinterpret_cast<const char*>(&ports[1]));
  return nullptr;
}

ProxyHeaderResult ParseV1(std::string_view bytes, ProxyHeader* header) {
  const std::string_view line = bytes.substr(0, kV1MaxSize);
  const size_t end = line.find('\n');
  if (end == line.npos) return line.size() < kV1MaxSize ? Incomplete() : Malformed("longer than 107 bytes");
  if (line[end - 1] != '\r') return Malformed("a line feed without a carriage return");
  const char* error = ParseV1Line(line.substr(kV1Begin.size(), end - 1 - kV1Begin.size()), header);
  if (error != nullptr) return Malformed(error);
  return {.status = Status::kDone, .size = end + 1};
}

// `at`: where they begin in `whole`, the header.
const char* ParseTlvs(std::string_view whole, size_t at, ProxyHeader* header) {
  bool has_checksum = false;
  while (at < whole.size()) {
    if (whole.size() - at < kTlvFixedSize) return "a TLV that is cut off";
    const uint8_t type = ByteAt(whole, at);
    const size_t size = kTlvFixedSize + Size16At(whole, at + 1);
    if (whole.size() - at < size) return "a TLV that is cut off";
    if (type != kTlvChecksum) {
      header->tlvs.append(whole.substr(at, size));
    } else {
      if (has_checksum || size != kTlvFixedSize + kChecksumSize) return "more than one checksum, or none of 4 bytes";
      has_checksum = true;
      uint32_t checksum;
      std::memcpy(&checksum, whole.data() + at + kTlvFixedSize, sizeof(checksum));
      if (ntohl(checksum) != ChecksumOf(whole, at + kTlvFixedSize)) return "a wrong checksum";
    }
    at += size;
  }
  return nullptr;
}

ProxyHeaderResult ParseV2(std::string_view bytes, ProxyHeader* header) {
  const size_t known = kV2Signature.size();
  if (bytes.size() > known && ByteAt(bytes, known) != kLocal && ByteAt(bytes, known) != kProxy) {
    return Malformed("an unknown version or command");
  }
  const uint8_t family = bytes.size() > known + 1 ? ByteAt(bytes, known + 1) : kUnspec;
  if (family >> 4 > 3 || (family & 0xf) > 2) return Malformed("an unknown family or protocol");
  if (bytes.size() < kV2FixedSize) return Incomplete();
  const size_t size = kV2FixedSize + Size16At(bytes, known + 2);
  if (bytes.size() < size) return Incomplete();

  const std::string_view whole = bytes.substr(0, size);
  // A LOCAL one may hold anything, which is to be ignored.
  if (ByteAt(bytes, known) == kLocal) return {.status = Status::kDone, .size = size};

  constexpr size_t kAddressSizes[] = {0, kTcp4Size, kTcp6Size, kUnixSize};
  const size_t address_size = kAddressSizes[family >> 4];
  if (size - kV2FixedSize < address_size) return Malformed("addresses that are cut off");
  const char* const address = whole.data() + kV2FixedSize;
  switch (family) {
    case kTcp4:
      header->source = MakeAddress(AF_INET, address, address + 8);
      header->destination = MakeAddress(AF_INET, address + 4, address + 10);
      break;
    case kTcp6:
      header->source = MakeAddress(AF_INET6, address, address + 32);
      header->destination = MakeAddress(AF_INET6, address + 16, address + 34);
      break;
    case kUnixStream:
      header->source = MakeUnixAddress(address);
      header->destination = MakeUnixAddress(address + kUnixPathSize);
      break;
    default:  // of no use here
      break;
  }
  const char* error = ParseTlvs(whole, kV2FixedSize + address_size, header);
  if (error != nullptr) return Malformed(error);
  return {.status = Status::kDone, .size = size};
}

// Appends the IP and port of both, as version 2 has them.
template <typename Sockaddr>
void AppendAddresses(const Address& source, const Address& destination, std::string* out) {
  const auto* from = reinterpret_cast<const Sockaddr*>(source.get());
  const auto* to = reinterpret_cast<const Sockaddr*>(destination.get());
  const auto append = [out](const auto& field) { out->append(reinterpret_cast<const char*>(&field), sizeof(field)); };
  if constexpr (std::is_same_v<Sockaddr, sockaddr_in>) {
    append(from->sin_addr);
    append(to->sin_addr);
    append(from->sin_port);
    append(to->sin_port);
  } else {
    append(from->sin6_addr);
    append(to->sin6_addr);
    append(from->sin6_port);
    append(to->sin6_port);
  }
}

// Without the port.
std::string IpOf(const Address& address) {
  char ip[INET6_ADDRSTRLEN] = {};
  if (address.family() == AF_INET) {
    inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in*>(address.get())->sin_addr, ip, sizeof(ip));
  } else {
    inet_ntop(AF_INET6, &reinterpret_cast<const sockaddr_in6*>(address.get())->sin6_addr, ip, sizeof(ip));
  }
  return ip;
}

bool AreOfOneIpFamily(const Address& a, const Address& b) { return a.family() == b.family() && a.family() != AF_UNIX; }

}  // namespace

ProxyHeaderResult ParseProxyHeader(std::string_view bytes, ProxyHeader* header) {
  const auto begins_with = [bytes](std::string_view begin) {
    return bytes.substr(0, begin.size()) == begin.substr(0, bytes.size());
  };
  if (begins_with(kV2Signature)) {
    return bytes.size() < kV2Signature.size() ? Incomplete() : ParseV2(bytes, header);
  }
  if (begins_with(kV1Begin)) return bytes.size() < kV1Begin.size() ? Incomplete() : ParseV1(bytes, header);
  return Malformed("not a PROXY header");
}

std::string WriteProxyHeaderV1(const Address& source, const Address& destination) {
  if (!AreOfOneIpFamily(source, destination)) return "PROXY UNKNOWN\r\n";
  return absl::StrCat("PROXY ", source.family() == AF_INET ? "TCP4 " : "TCP6 ", IpOf(source), " ", IpOf(destination),
                      " ", source.port(), " ", destination.port(), "\r\n");
}

std::string WriteProxyHeaderV2(const Address& source, const Address& destination, std::string_view tlvs) {
  std::string header(kV2Signature);
  header.push_back(static_cast<char>(kProxy));
  const bool has_addresses = AreOfOneIpFamily(source, destination);
  const bool is_v4 = source.family() == AF_INET;
  header.push_back(static_cast<char>(!has_addresses ? kUnspec : is_v4 ? kTcp4 : kTcp6));
  const size_t address_size = !has_addresses ? 0 : is_v4 ? kTcp4Size : kTcp6Size;
  const size_t own_size = address_size + kTlvFixedSize + kChecksumSize;
  if (own_size + tlvs.size() > 65535) tlvs = {};
  AppendSize16(&header, own_size + tlvs.size());
  if (has_addresses && is_v4) AppendAddresses<sockaddr_in>(source, destination, &header);
  if (has_addresses && !is_v4) AppendAddresses<sockaddr_in6>(source, destination, &header);
  header.append(tlvs);
  header.push_back(static_cast<char>(kTlvChecksum));
  AppendSize16(&header, kChecksumSize);
  const size_t at = header.size();
  header.append(kChecksumSize, '\0');
  const uint32_t checksum = htonl(ChecksumOf(header, at));
  std::memcpy(header.data() + at, &checksum, sizeof(checksum));
  return header;
}

}  // namespace fairlead::net
