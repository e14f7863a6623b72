#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace fairlead::http {

// Header fields that the proxy itself looks at. kOther: passed along unread.
enum class KnownField : uint8_t {
  kOther,
  kConnection,
  kContentLength,
  kDate,
  kExpect,
  kHost,
  kHttp2Settings,
  kKeepAlive,
  kProxyConnection,
  kServer,
  kTe,
  kTrailer,
  kTransferEncoding,
  kUpgrade,
};

// A set of known fields.
class KnownFields {
 public:
  template <typename... Fields>
  constexpr explicit KnownFields(Fields... fields) : bits_((0u | ... | (1u << static_cast<unsigned>(fields)))) {}

  constexpr bool Has(KnownField field) const { return (bits_ >> static_cast<unsigned>(field) & 1) != 0; }
  constexpr void Add(KnownField field) { bits_ |= 1u << static_cast<unsigned>(field); }

 private:
  uint32_t bits_;
};

// The field whose name, in any case, is `name`. Costs a dozen instructions for the names it does not know.
KnownField FindKnownField(std::string_view name);

// Fields (headers or trailers) in the order they came, as offsets into one run of bytes that somebody else keeps: the
// head as it was received. 16 bytes a field; adding one allocates only when the vector grows, and Clear keeps its room,
// so that a reused list costs nothing. Offsets, not pointers, because a head that comes in pieces moves as it grows.
class FieldList {
 public:
  struct Field {
    uint32_t name_offset;
    uint32_t value_offset;
    uint32_t value_size;
    uint16_t name_size;
    KnownField known;
    bool never_indexed = false;  // HTTP/2: whoever sends it on must not put it into a table either (RFC 7541 §7.1.3)
  };
  static_assert(sizeof(Field) == 16);

  void Clear() {
    fields_.clear();
    wire_size_ = 0;
  }
  void Add(const Field& field) {
    fields_.push_back(field);
    wire_size_ += field.name_size + field.value_size + 4;
  }

  // Bytes that all fields take as HTTP/1 lines: "name: value" CR LF each.
  size_t wire_size() const { return wire_size_; }

  size_t size() const { return fields_.size(); }
  bool empty() const { return fields_.empty(); }
  const Field& back() const { return fields_.back(); }
  auto begin() const { return fields_.begin(); }
  auto end() const { return fields_.end(); }

  // Where offset 0 is. Set whenever the bytes have moved.
  void set_base(const char* base) { base_ = base; }
  const char* base() const { return base_; }
  std::string_view name(const Field& field) const { return {base_ + field.name_offset, field.name_size}; }
  std::string_view value(const Field& field) const { return {base_ + field.value_offset, field.value_size}; }

 private:
  const char* base_ = nullptr;
  size_t wire_size_ = 0;
  std::vector<Field> fields_;
};

}  // namespace fairlead::http
