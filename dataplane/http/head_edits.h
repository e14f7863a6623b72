#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace fairlead::http {

// One change to the fields of a head.
struct FieldEdit {
  enum class Kind : uint8_t {
    kRemove,  // all fields of the name go
    kSet,     // all fields of the name go, and one with the value comes
    kAdd,     // one more with the value comes
  };
  Kind kind;
  std::string_view name;        // a token, in any case; written as it stands here
  std::string_view value = {};  // a valid field value: nothing here looks for CR or LF
};

// Changes to the fields of a head, which hold in their order: a later kRemove or kSet also takes what an earlier edit
// had added. So whoever has the last word, such as a route's rule over what the listener says of the client, comes
// last.
//
// Names and values belong to somebody else and must live until the head was written. Clear keeps the room, so that a
// list that is used again allocates nothing.
class FieldEdits {
 public:
  void Clear() {
    edits_.clear();
    wire_size_ = 0;
    dropped_ = 0;
  }
  void Remove(std::string_view name) { Append({FieldEdit::Kind::kRemove, name}); }
  void Set(std::string_view name, std::string_view value) { Append({FieldEdit::Kind::kSet, name, value}); }
  void Add(std::string_view name, std::string_view value) { Append({FieldEdit::Kind::kAdd, name, value}); }
  void Append(const FieldEdit& edit);
  // Edits that somebody made before, such as those of a rule.
  void Append(std::span<const FieldEdit> edits) {
    for (const FieldEdit& edit : edits) Append(edit);
  }

  bool empty() const { return edits_.empty(); }
  // Whether fields of this name that were received go. A dozen instructions for nearly all names that do not.
  bool Drops(std::string_view name) const { return MayDrop(name) && IsDroppedFrom(0, name); }
  // At least what the fields that come take as HTTP/1 lines.
  size_t max_wire_size() const { return wire_size_; }

  // Calls `function(name, value)` with each field that comes, in their order.
  template <typename Function>
  void ForEachWritten(Function function) const {
    for (size_t i = 0; i < edits_.size(); ++i) {
      const FieldEdit& edit = edits_[i];
      if (edit.kind == FieldEdit::Kind::kRemove) continue;
      if (MayDrop(edit.name) && IsDroppedFrom(i + 1, edit.name)) continue;
      function(edit.name, edit.value);
    }
  }

 private:
  // One of 64 bits, which depends on a name's size and first character, in any case.
  static uint64_t BitOf(std::string_view name) {
    return uint64_t{1} << ((name.size() * 7 + (static_cast<unsigned char>(name.front()) | 0x20u)) & 63);
  }
  bool MayDrop(std::string_view name) const { return (dropped_ & BitOf(name)) != 0; }
  // Whether an edit from `begin` on drops fields of this name.
  bool IsDroppedFrom(size_t begin, std::string_view name) const;

  std::vector<FieldEdit> edits_;
  size_t wire_size_ = 0;
  uint64_t dropped_ = 0;  // bits of the names that edits remove or set
};

// What the proxy changes about a head on its way from one side to the other. Streams take it with a head: what is empty
// changes nothing, and costs nothing but the look. Nothing here is for fields of one hop (Connection, Content-Length,
// Host, Keep-Alive, Proxy-Connection, TE, Trailer, Transfer-Encoding, Upgrade): codecs remove and write those
// themselves.
//
// The texts must live until the head was written. An exchange has one for each direction and fills it before SendHead.
struct HeadEdits {
  // Requests: in place of the head's, with the query, in one of the forms of RequestHead::target; not for CONNECT.
  std::string_view target;
  // Requests: in place of the head's authority, in Host. HTTP/1.0 may have none: then this must be set.
  std::string_view host;
  // Requests: the protocol that the server is asked to change to, and until its response's head has come, what a 101
  // must name (RFC 9110 §7.8). Responses: with 101, the protocol that was changed to; with others, one that could be.
  // Whatever Upgrade fields the head has go.
  std::string_view upgrade;
  FieldEdits fields;

  void Clear() {
    target = host = upgrade = {};
    fields.Clear();
  }
};

}  // namespace fairlead::http
