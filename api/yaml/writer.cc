#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "api/yaml/concat.h"
#include "api/yaml/field_scalars.h"
#include "api/yaml/quoting.h"
#include "api/yaml/well_known.h"
#include "api/yaml/yaml.h"

namespace fairlead::api {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

// What no field of a small message may make longer than this, its indentation included.
constexpr size_t kColumns = 120;

bool IsNested(const FieldDescriptor& field) {
  return field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE && !IsWellKnownType(*field.message_type());
}

bool IsNumberOrBool(const FieldDescriptor& field) {
  return field.cpp_type() != FieldDescriptor::CPPTYPE_STRING && field.cpp_type() != FieldDescriptor::CPPTYPE_ENUM &&
         field.cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE;
}

const Message& NestedMessage(const Message& message, const FieldDescriptor& field, int index) {
  const Reflection& reflection = *message.GetReflection();
  return field.is_repeated() ? reflection.GetRepeatedMessage(message, &field, index)
                             : reflection.GetMessage(message, &field);
}

// The value of a field that is not nested, as it is before quoting.
std::string ScalarText(const Message& message, const FieldDescriptor& field, int index) {
  if (field.cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) return FormatScalar(message, field, index);
  return FormatWellKnown(NestedMessage(message, field, index));
}

std::string QuotedScalar(const Message& message, const FieldDescriptor& field, int index, YamlContext context) {
  std::string text = ScalarText(message, field, index);
  return IsNumberOrBool(field) ? text : QuoteYaml(text, context);
}

// To reflection, a map is a list of entries; here they are in the order of their keys.
struct MapEntry {
  std::string key;
  const Message* entry;
};
std::vector<MapEntry> SortedEntries(const Message& message, const FieldDescriptor& field) {
  std::vector<MapEntry> entries;
  for (int i = 0; i < message.GetReflection()->FieldSize(message, &field); ++i) {
    const Message& entry = message.GetReflection()->GetRepeatedMessage(message, &field, i);
    entries.push_back({FormatScalar(entry, *field.message_type()->map_key(), 0), &entry});
  }
  std::sort(entries.begin(), entries.end(), [](const MapEntry& a, const MapEntry& b) { return a.key < b.key; });
  for (MapEntry& entry : entries) entry.key = QuoteYaml(entry.key, YamlContext::kFlow);
  return entries;
}

class Writer {
 public:
  explicit Writer(TextStyle style) : style_(style) {}

  // All on one line, in braces.
  std::string Flow(const Message& message) const {
    std::string flow;
    for (const FieldDescriptor* field : ShownFields(message)) {
      Append(flow, flow.empty() ? "" : ", ", field->name(), ": ", FlowField(message, *field));
    }
    return Concat("{", flow, "}");
  }

  std::string Block(const Message& message) {
    bool first = true;
    for (const FieldDescriptor* field : ShownFields(message)) {
      // At the margin, lists of messages stand apart.
      if (!first && field->is_repeated() && !field->is_map() && IsNested(*field)) out_ += "\n";
      first = false;
      WriteField(message, *field, 0);
    }
    return first ? "{}\n" : std::move(out_);
  }

 private:
  std::vector<const FieldDescriptor*> ShownFields(const Message& message) const {
    std::vector<const FieldDescriptor*> fields;
    const Reflection& reflection = *message.GetReflection();
    if (!style_.print_defaults) {
      reflection.ListFields(message, &fields);
      return fields;
    }
    for (int i = 0; i < message.GetDescriptor()->field_count(); ++i) {
      const FieldDescriptor* field = message.GetDescriptor()->field(i);
      const bool shown = field->is_repeated()    ? reflection.FieldSize(message, field) > 0
                         : field->has_presence() ? reflection.HasField(message, field)
                                                 : true;
      if (shown) fields.push_back(field);
    }
    return fields;
  }

  std::string FlowField(const Message& message, const FieldDescriptor& field) const {
    if (!field.is_repeated()) return FlowValue(message, field, 0);
    std::string flow;
    if (field.is_map()) {
      for (const auto& [key, entry] : SortedEntries(message, field)) {
        const std::string value = FlowValue(*entry, *field.message_type()->map_value(), 0);
        Append(flow, flow.empty() ? "" : ", ", key, ": ", value);
      }
      return Concat("{", flow, "}");
    }
    for (int i = 0; i < message.GetReflection()->FieldSize(message, &field); ++i) {
      Append(flow, flow.empty() ? "" : ", ", FlowValue(message, field, i));
    }
    return Concat("[", flow, "]");
  }

  std::string FlowValue(const Message& message, const FieldDescriptor& field, int index) const {
    return IsNested(field) ? Flow(NestedMessage(message, field, index))
                           : QuotedScalar(message, field, index, YamlContext::kFlow);
  }

  // Whether a field reads well on one line: no messages within, no text of several lines.
  bool IsSmall(const Message& message, const FieldDescriptor& field) const {
    if (field.is_map()) return !IsNested(*field.message_type()->map_value());
    if (IsNested(field)) return false;
    const int count = field.is_repeated() ? message.GetReflection()->FieldSize(message, &field) : 1;
    for (int i = 0; i < count; ++i) {
      if (SuitsLiteralBlock(ScalarText(message, field, i))) return false;
    }
    return true;
  }

  // Whether a message reads well on one line that begins with `indent` columns of something else.
  bool IsSmall(const Message& message, size_t indent) const {
    for (const FieldDescriptor* field : ShownFields(message)) {
      if (!IsSmall(message, *field)) return false;
    }
    return indent + Flow(message).size() <= kColumns;
  }

  void Indent(size_t indent) { out_.append(indent, ' '); }

  void WriteField(const Message& message, const FieldDescriptor& field, size_t indent) {
    Indent(indent);
    Append(out_, field.name(), ":");
    if (!field.is_repeated()) {
      WriteValue(message, field, 0, indent + 2, indent + field.name().size() + 2);
      return;
    }
    if (IsSmall(message, field)) {
      const std::string flow = FlowField(message, field);
      if (indent + field.name().size() + 2 + flow.size() <= kColumns) {
        Append(out_, " ", flow, "\n");
        return;
      }
    }
    out_ += "\n";
    if (field.is_map()) {
      WriteEntries(message, field, indent + 2);
    } else {
      for (int i = 0; i < message.GetReflection()->FieldSize(message, &field); ++i)
        WriteItem(message, field, i, indent + 2);
    }
  }

  void WriteEntries(const Message& message, const FieldDescriptor& field, size_t indent) {
    for (const auto& [key, entry] : SortedEntries(message, field)) {
      Indent(indent);
      Append(out_, key, ":");
      WriteValue(*entry, *field.message_type()->map_value(), 0, indent + 2, indent + key.size() + 2);
    }
  }

  void WriteItem(const Message& message, const FieldDescriptor& field, int index, size_t indent) {
    if (IsNested(field)) {
      const Message& item = NestedMessage(message, field, index);
      if (!IsSmall(item, indent + 2)) {
        const size_t dash = out_.size() + indent;
        WriteFields(item, indent + 2);
        out_[dash] = '-';
        return;
      }
    }
    Indent(indent);
    out_ += "-";
    WriteValue(message, field, index, indent + 2, indent + 2);
  }

  void WriteFields(const Message& message, size_t indent) {
    for (const FieldDescriptor* field : ShownFields(message)) WriteField(message, *field, indent);
  }

  // A value after its key or dash. `column` is where it begins if it stands on the same line, `indent` where its lines
  // begin if it needs several.
  void WriteValue(const Message& message, const FieldDescriptor& field, int index, size_t indent, size_t column) {
    if (!IsNested(field)) {
      WriteScalar(message, field, index, indent);
      return;
    }
    const Message& nested = NestedMessage(message, field, index);
    if (IsSmall(nested, column)) {
      Append(out_, " ", Flow(nested), "\n");
    } else {
      out_ += "\n";
      WriteFields(nested, indent);
    }
  }

  void WriteScalar(const Message& message, const FieldDescriptor& field, int index, size_t indent) {
    const std::string text = ScalarText(message, field, index);
    if (!SuitsLiteralBlock(text)) {
      Append(out_, " ", QuotedScalar(message, field, index, YamlContext::kBlock), "\n");
      return;
    }
    std::string_view lines = text;
    const bool ends_its_line = lines.back() == '\n';
    if (ends_its_line) lines.remove_suffix(1);
    out_ += ends_its_line ? " |\n" : " |-\n";
    while (true) {
      const size_t end = lines.find('\n');
      const std::string_view line = lines.substr(0, end);
      if (!line.empty()) Indent(indent);
      Append(out_, line, "\n");
      if (end == std::string_view::npos) return;
      lines.remove_prefix(end + 1);
    }
  }

  const TextStyle style_;
  std::string out_;
};

}  // namespace

std::string ToYaml(const Message& message, TextStyle style) {
  return style.one_line ? Writer(style).Flow(message) : Writer(style).Block(message);
}

}  // namespace fairlead::api
