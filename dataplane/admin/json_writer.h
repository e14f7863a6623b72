#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace fairlead::admin {

// Writes one JSON text (RFC 8259), without spaces, as it is told: inside an object Key before each value, in an array
// values alone. Appends to a string of the caller, who may empty it at any time. At most 64 levels. For one thread.
//
//   JsonWriter json(&text);
//   json.BeginObject();
//   json.Key("revision");
//   json.Number(17);
//   json.EndObject();  // {"revision":17}
class JsonWriter {
 public:
  explicit JsonWriter(std::string* out) : out_(out) {}

  void BeginObject() { Begin('{'); }
  void EndObject() { End('}'); }
  void BeginArray() { Begin('['); }
  void EndArray() { End(']'); }
  // The name of the next value. As in String.
  void Key(std::string_view name);

  // Bytes that are not UTF-8 become U+FFFD, one for each.
  void String(std::string_view value);
  // Exact; readers that keep numbers as doubles round beyond 2^53.
  void Number(uint64_t value);
  void Bool(bool value);
  // The next value begins on a line of its own.
  void NewLine() { new_line_ = true; }

 private:
  void Begin(char bracket);
  void End(char bracket);
  // What stands between values.
  void Separate();
  void AppendQuoted(std::string_view text);

  std::string* const out_;
  uint64_t has_values_ = 0;  // a bit for each level, the innermost lowest: something is in it already
  bool after_key_ = false;
  bool new_line_ = false;
};

}  // namespace fairlead::admin
