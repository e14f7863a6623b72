#include "api/yaml/message_reader.h"

#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "api/yaml/concat.h"
#include "api/yaml/field_scalars.h"
#include "api/yaml/nearest_name.h"
#include "api/yaml/source_file.h"
#include "api/yaml/utf8.h"
#include "api/yaml/well_known.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "google/protobuf/wire_format_lite.h"

namespace fairlead::api {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::OneofDescriptor;
using google::protobuf::Reflection;
using google::protobuf::internal::WireFormatLite;

constexpr std::string_view kDataSource = "fairlead.v1.DataSource";

std::string_view Describe(const YamlNode& node) {
  switch (node.kind) {
    case YamlNode::Kind::kNull:
      return "nothing";
    case YamlNode::Kind::kScalar:
      return "a single value";
    case YamlNode::Kind::kList:
      return "a list";
    case YamlNode::Kind::kMap:
    case YamlNode::Kind::kRefused:
      return "a mapping";
  }
  return "";
}

std::vector<std::string_view> FieldNames(const Descriptor& type) {
  std::vector<std::string_view> names;
  for (int i = 0; i < type.field_count(); ++i) names.push_back(type.field(i)->name());
  return names;
}

// Appends a message as a field of another, as it is sent.
void AppendField(int number, const Message& message, std::string& bytes) {
  google::protobuf::io::StringOutputStream output(&bytes);
  google::protobuf::io::CodedOutputStream coded(&output);
  WireFormatLite::WriteTag(number, WireFormatLite::WIRETYPE_LENGTH_DELIMITED, &coded);
  coded.WriteVarint32(static_cast<uint32_t>(message.ByteSizeLong()));
  message.SerializeWithCachedSizes(&coded);
}

class MessageReader {
 public:
  MessageReader(const std::string& base_directory, YamlProblems& problems)
      : base_directory_(base_directory), problems_(problems) {}

  void Read(const YamlNode& node, Message& message) {
    const Descriptor& type = *message.GetDescriptor();
    if (IsWellKnownType(type)) return ReadWellKnown(node, message);
    if (!Expect(YamlNode::Kind::kMap, node, Concat("a mapping of the fields of ", type.name()))) return;
    SeenKeys seen;
    for (const YamlNode& child : node.children) {
      const PathStep step(path_, path_.empty() ? child.key : Concat(".", child.key));
      if (IsRepeated(seen, child)) continue;
      const FieldDescriptor* field = type.FindFieldByName(child.key);
      if (field == nullptr) {
        AddUnknownField(child, type);
      } else if (!IsSecondOfOneof(node, child, *field)) {
        ReadField(child, *field, message);
      }
    }
    if (type.full_name() == kDataSource) LoadFile(node, message);
  }

 private:
  // The lines of a mapping's keys.
  using SeenKeys = absl::flat_hash_map<std::string_view, int>;

  // Lengthens the path for as long as it lives.
  class PathStep {
   public:
    PathStep(std::string& path, std::string_view step) : path_(path), length_(path.size()) { path_.append(step); }
    ~PathStep() { path_.resize(length_); }
    PathStep(const PathStep&) = delete;
    PathStep& operator=(const PathStep&) = delete;

   private:
    std::string& path_;
    const size_t length_;
  };

  void Add(int line, std::string_view problem) { problems_.Add(line, path_, problem); }

  void AddUnknownField(const YamlNode& child, const Descriptor& type) {
    // The search for a likely name is not for millions of them.
    if (problems_.is_full()) return Add(child.key_line, "unknown field");
    const std::vector<std::string_view> names = FieldNames(type);
    Add(child.key_line,
        Concat("unknown field;", DidYouMean(child.key, names), " known: ", names.empty() ? "none" : Join(names, ", ")));
  }

  // Whether the node is of that kind. What is absent is none, and no fault.
  bool Expect(YamlNode::Kind kind, const YamlNode& node, std::string_view what) {
    if (node.kind == kind) return true;
    if (node.kind != YamlNode::Kind::kNull && node.kind != YamlNode::Kind::kRefused) {
      Add(node.line, Concat("expected ", what, ", not ", Describe(node)));
    }
    return false;
  }

  bool IsRepeated(SeenKeys& seen, const YamlNode& child) {
    const auto [first, added] = seen.emplace(child.key, child.key_line);
    if (!added) Add(child.key_line, Concat("repeated key, first in line ", first->second));
    return !added;
  }

  // Whether another member of the field's oneof stands before it in `parent`.
  bool IsSecondOfOneof(const YamlNode& parent, const YamlNode& child, const FieldDescriptor& field) {
    const OneofDescriptor* oneof = field.real_containing_oneof();
    if (oneof == nullptr) return false;
    for (const YamlNode& earlier : parent.children) {
      if (&earlier == &child) return false;
      const FieldDescriptor* other = field.containing_type()->FindFieldByName(earlier.key);
      if (other != nullptr && other->real_containing_oneof() == oneof) {
        Add(child.key_line,
            Concat("can't stand beside \"", earlier.key, "\" (line ", earlier.key_line, "): only one of them"));
        return true;
      }
    }
    return false;
  }

  void ReadField(const YamlNode& node, const FieldDescriptor& field, Message& message) {
    if (field.is_map()) {
      ReadMap(node, field, message);
    } else if (field.is_repeated()) {
      ReadList(node, field, message);
    } else if (field.cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) {
      ReadScalar(node, field, message);
    } else if (node.kind != YamlNode::Kind::kNull) {
      Read(node, *message.GetReflection()->MutableMessage(&message, &field));
    }
  }

  void ReadList(const YamlNode& node, const FieldDescriptor& field, Message& message) {
    if (!Expect(YamlNode::Kind::kList, node, "a list")) return;
    int index = 0;
    for (const YamlNode& child : node.children) {
      const PathStep step(path_, Concat("[", index++, "]"));
      if (child.kind == YamlNode::Kind::kNull) {
        Add(child.line, "an item without a value");
      } else if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
        Read(child, *message.GetReflection()->AddMessage(&message, &field));
      } else {
        ReadScalar(child, field, message);
      }
    }
  }

  // A map that reflection fills stays a list of entries until its first reader makes a map of it, under a lock. Entries
  // that are parsed make a map at once.
  void ReadMap(const YamlNode& node, const FieldDescriptor& field, Message& message) {
    if (!Expect(YamlNode::Kind::kMap, node, "a mapping")) return;
    const Descriptor& entry_type = *field.message_type();
    const std::unique_ptr<Message> entry(
        message.GetReflection()->GetMessageFactory()->GetPrototype(&entry_type)->New());
    std::string entries;
    SeenKeys seen;
    for (const YamlNode& child : node.children) {
      const PathStep step(path_, Concat("[\"", child.key, "\"]"));
      if (IsRepeated(seen, child)) continue;
      const YamlNode key = {.kind = YamlNode::Kind::kScalar, .line = child.key_line, .text = child.key};
      entry->Clear();
      ReadScalar(key, *entry_type.map_key(), *entry);
      ReadField(child, *entry_type.map_value(), *entry);
      AppendField(field.number(), *entry, entries);
    }
    // Fails only for want of memory.
    message.MergeFromString(entries);
  }

  void ReadScalar(const YamlNode& node, const FieldDescriptor& field, Message& message) {
    if (node.kind == YamlNode::Kind::kNull) return Add(node.line, "has no value; give it one, or leave the key away");
    if (!Expect(YamlNode::Kind::kScalar, node, "a single value")) return;
    const std::string problem = SetScalar(node.text, node.quoted, field, message);
    if (!problem.empty()) Add(node.line, problem);
  }

  void ReadWellKnown(const YamlNode& node, Message& message) {
    if (!Expect(YamlNode::Kind::kScalar, node, "a single value")) return;
    const std::string problem = SetWellKnown(node.text, message);
    if (!problem.empty()) Add(node.line, problem);
  }

  // Puts what the file holds in place of its name: the proxy opens no path that somebody else names.
  void LoadFile(const YamlNode& node, Message& source) {
    const YamlNode* name = node.Find("file");
    const FieldDescriptor* file = source.GetDescriptor()->FindFieldByName("file");
    const Reflection& reflection = *source.GetReflection();
    if (name == nullptr || !reflection.HasField(source, file)) return;
    const PathStep step(path_, ".file");
    absl::StatusOr<std::string> contents = ReadSourceFile(base_directory_, reflection.GetString(source, file));
    if (!contents.ok()) return Add(name->line, std::string(contents.status().message()));
    const bool is_text = FindInvalidUtf8(*contents) == std::string_view::npos;
    const char* field = is_text ? "inline_string" : "inline_bytes";
    reflection.SetString(&source, source.GetDescriptor()->FindFieldByName(field), *std::move(contents));
  }

  const std::string& base_directory_;
  YamlProblems& problems_;
  // Of the node that is being read.
  std::string path_;
};

}  // namespace

void ReadYamlMessage(const YamlNode& node, const std::string& base_directory, YamlProblems& problems,
                     google::protobuf::Message& message) {
  MessageReader(base_directory, problems).Read(node, message);
}

}  // namespace fairlead::api
