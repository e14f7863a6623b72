#include "api/yaml/document.h"

#include <algorithm>
#include <sstream>
#include <utility>

#include "absl/strings/str_format.h"
#include "api/yaml/concat.h"
#include "api/yaml/utf8.h"
#include "yaml-cpp/depthguard.h"
#include "yaml-cpp/eventhandler.h"
#include "yaml-cpp/exceptions.h"
#include "yaml-cpp/mark.h"
#include "yaml-cpp/parser.h"

namespace fairlead::api {
namespace {

constexpr size_t kMaxBytes = size_t{128} << 20;
constexpr int kMaxNodes = 10'000'000;

// yaml-cpp counts lines from 0, and has -1 for "somewhere".
int LineOf(const YAML::Mark& mark) { return std::max(mark.line, 0) + 1; }

// Builds the tree from yaml-cpp's events. Its own tree would take repeated keys and expand aliases.
class TreeBuilder final : public YAML::EventHandler {
 public:
  explicit TreeBuilder(YamlProblems& problems) : problems_(problems) {}

  // The tree; after a syntax error, what had been read.
  YamlNode Finish() {
    while (!open_.empty()) Close();
    return std::move(root_);
  }

  bool overflowed() const { return nodes_ > kMaxNodes; }

  void OnDocumentStart(const YAML::Mark& mark) override {
    ++documents_;
    if (documents_ == 2)
      problems_.Add(LineOf(mark), "",
                    "a second document begins here, or what stands at the margin does not belong to the first; a file "
                    "holds one document");
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    if (!Begin(mark, "", anchor)) return;
    Take({.kind = YamlNode::Kind::kNull, .line = LineOf(mark)});
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    if (!Begin(mark, "", 0)) return;
    Refuse(mark, "aliases (*name) are not supported");
    Take({.kind = YamlNode::Kind::kRefused, .line = LineOf(mark)});
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    if (!Begin(mark, tag, anchor)) return;
    Take({.kind = YamlNode::Kind::kScalar, .quoted = tag == "!", .line = LineOf(mark), .text = value});
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    Open(YamlNode::Kind::kList, mark, tag, anchor);
  }
  void OnSequenceEnd() override { CloseUnlessIgnored(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    Open(YamlNode::Kind::kMap, mark, tag, anchor);
  }
  void OnMapEnd() override { CloseUnlessIgnored(); }

 private:
  // A list or map whose end has not come yet.
  struct OpenNode {
    YamlNode node;
    // In a map: a key has come, and its value has not.
    bool has_key = false;
    bool key_is_refused = false;
    int key_line = 1;
    std::string key{};
  };

  // Whether the node that begins is to be kept: in the first document, below the limit.
  bool Begin(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    if (documents_ > 1 || ++nodes_ > kMaxNodes) return false;
    if (anchor != YAML::NullAnchor) Refuse(mark, "anchors (&name) are not supported");
    // "?" and "!" are what yaml-cpp calls the absence of a tag on a plain and on a quoted node.
    if (!tag.empty() && tag != "?" && tag != "!") Refuse(mark, "tags (!name) are not supported");
    return true;
  }

  void Refuse(const YAML::Mark& mark, std::string_view problem) { problems_.Add(LineOf(mark), "", problem); }

  void Open(YamlNode::Kind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    if (!Begin(mark, tag, anchor)) {
      ++ignored_;
      return;
    }
    open_.push_back({.node = {.kind = kind, .line = LineOf(mark)}});
  }

  void CloseUnlessIgnored() {
    if (ignored_ > 0) {
      --ignored_;
    } else {
      Close();
    }
  }

  void Close() {
    YamlNode node = std::move(open_.back().node);
    open_.pop_back();
    Take(std::move(node));
  }

  // Puts a complete node where it belongs.
  void Take(YamlNode node) {
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    OpenNode& parent = open_.back();
    if (parent.node.kind == YamlNode::Kind::kList) {
      parent.node.children.push_back(std::move(node));
    } else if (!parent.has_key) {
      TakeKey(parent, std::move(node));
    } else {
      TakeValue(parent, std::move(node));
    }
  }

  void TakeKey(OpenNode& parent, YamlNode node) {
    parent.has_key = true;
    parent.key_line = node.line;
    parent.key_is_refused = true;
    if (node.kind == YamlNode::Kind::kRefused) return;
    if (node.kind != YamlNode::Kind::kScalar) {
      problems_.Add(node.line, "", "a key must be a word");
    } else if (node.text == "<<" && !node.quoted) {
      problems_.Add(node.line, "", "merge keys (<<) are not supported");
    } else {
      parent.key_is_refused = false;
      parent.key = std::move(node.text);
    }
  }

  static void TakeValue(OpenNode& parent, YamlNode node) {
    parent.has_key = false;
    if (parent.key_is_refused) return;
    // yaml-cpp puts the absence of a value where the next token stands.
    if (node.kind == YamlNode::Kind::kNull) node.line = parent.key_line;
    node.key_line = parent.key_line;
    node.key = std::move(parent.key);
    parent.node.children.push_back(std::move(node));
  }

  YamlProblems& problems_;
  int documents_ = 0;
  int nodes_ = 0;
  // How many lists and maps are open that Begin refused.
  int ignored_ = 0;
  std::vector<OpenNode> open_;
  YamlNode root_;
};

// What yaml-cpp would take, but no text has: it treats byte 4 as the end of its input, and 0 as a sign of UTF-16.
bool IsControlCharacter(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && c != '\t' && c != '\n' && c != '\r') || byte == 0x7F;
}

int LineAt(std::string_view text, size_t offset) {
  return 1 + static_cast<int>(std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(offset), '\n'));
}

// Whether `text` can be given to yaml-cpp.
bool IsText(std::string_view text, YamlProblems& problems) {
  if (text.size() > kMaxBytes) {
    problems.Add(1, "", Concat("the file has ", text.size(), " bytes, more than ", kMaxBytes));
    return false;
  }
  const size_t not_utf8 = FindInvalidUtf8(text);
  if (not_utf8 != std::string_view::npos) {
    problems.Add(LineAt(text, not_utf8), "",
                 absl::StrFormat("byte 0x%02x is not UTF-8", static_cast<unsigned char>(text[not_utf8])));
    return false;
  }
  const auto control = std::find_if(text.begin(), text.end(), IsControlCharacter);
  if (control != text.end()) {
    problems.Add(LineAt(text, static_cast<size_t>(control - text.begin())), "",
                 absl::StrFormat("control character 0x%02x; in double quotes, write \"\\x%02x\"",
                                 static_cast<unsigned char>(*control), static_cast<unsigned char>(*control)));
    return false;
  }
  return true;
}

}  // namespace

const YamlNode* YamlNode::Find(std::string_view wanted_key) const {
  for (const YamlNode& child : children) {
    if (kind == Kind::kMap && child.key == wanted_key) return &child;
  }
  return nullptr;
}

YamlNode ReadYamlDocument(std::string_view text, YamlProblems& problems) {
  if (!IsText(text, problems)) return {.kind = YamlNode::Kind::kRefused};
  std::istringstream stream{std::string(text)};
  TreeBuilder builder(problems);
  try {
    YAML::Parser parser(stream);
    // A second document is read only as far as to know that there is one.
    if (parser.HandleNextDocument(builder)) parser.HandleNextDocument(builder);
  } catch (const YAML::DeepRecursion& error) {
    problems.Add(LineOf(error.mark), "", "nested too deeply");
  } catch (const YAML::Exception& error) {
    problems.Add(LineOf(error.mark), "", Concat("not YAML: ", error.msg));
  }
  if (builder.overflowed()) {
    problems.Add(1, "", Concat("the file has more than ", kMaxNodes, " keys, values and lists"));
    return {.kind = YamlNode::Kind::kRefused};
  }
  return builder.Finish();
}

}  // namespace fairlead::api
