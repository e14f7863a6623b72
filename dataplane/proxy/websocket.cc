#include "dataplane/proxy/websocket.h"

#include <array>
#include <cstdint>

#include "absl/strings/escaping.h"
#include "dataplane/base/sha1.h"
#include "dataplane/http/ascii.h"

namespace fairlead::proxy {
namespace {

constexpr std::string_view kGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

}  // namespace

bool IsWebSocket(std::string_view protocol) { return http::EqualsLowerCase(protocol, "websocket"); }

std::string MakeWebSocketKey(load_balancing::Random& random) {
  std::string bytes;
  for (int i = 0; i < 2; ++i) {
    const uint64_t word = random.Next();
    for (int shift = 0; shift < 64; shift += 8) bytes += static_cast<char>(word >> shift);
  }
  return absl::Base64Escape(bytes);
}

std::string WebSocketAccept(std::string_view key) {
  const std::array<uint8_t, 20> digest = base::Sha1(std::string(key).append(kGuid));
  return absl::Base64Escape(std::string(digest.begin(), digest.end()));
}

std::string_view FindOnlyValue(const http::FieldList& fields, std::string_view name) {
  std::string_view found;
  int count = 0;
  for (const http::FieldList::Field& field : fields) {
    if (!http::EqualsIgnoreCase(fields.name(field), name)) continue;
    found = fields.value(field);
    ++count;
  }
  return count == 1 ? found : std::string_view();
}

}  // namespace fairlead::proxy
