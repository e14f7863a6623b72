#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "dataplane/http/field_list.h"

// Which fields of a received head are of one connection alone (RFC 9110 §7.6.1), and so go no further, whatever the
// protocol version of the next.
namespace fairlead::http {

// Connection options (RFC 9110 §7.6.1) other than close and keep-alive that one head may have, and bytes that each may
// have. Bounds, because each field that is forwarded is compared with each of them.
inline constexpr uint32_t kMaxConnectionOptions = 32;
inline constexpr uint32_t kMaxConnectionOptionSize = 64;

// Removed from every message: the fields of one hop, and those that are written anew.
inline constexpr KnownFields kHopByHopFields(KnownField::kConnection, KnownField::kContentLength,
                                             KnownField::kHttp2Settings, KnownField::kKeepAlive,
                                             KnownField::kProxyConnection, KnownField::kTe,
                                             KnownField::kTransferEncoding, KnownField::kUpgrade);

// The fields that a head's Connection fields name. Views of the head's bytes.
class NominatedFields {
 public:
  // Without `any` (RequestHead::connection_options) none are looked for.
  NominatedFields(const FieldList& fields, bool any);

  // Whether a field that was received goes. What frames the message or guards its body is not the sender's to remove.
  bool Has(KnownField known, std::string_view name) const {
    return size_ > 0 && known != KnownField::kContentLength && known != KnownField::kExpect &&
           known != KnownField::kTe && HasName(name);
  }

 private:
  bool HasName(std::string_view name) const;

  size_t size_ = 0;
  std::array<std::string_view, kMaxConnectionOptions> names_;
};

// Whether a TE field of `fields` has the member "trailers".
bool AcceptsTrailers(const FieldList& fields);

}  // namespace fairlead::http
