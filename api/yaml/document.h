#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/yaml/problems.h"

namespace fairlead::api {

// What a YAML file says, before it is known what it is about: a tree of mappings, lists and scalars with their lines.
// A value; owns its children.
struct YamlNode {
  enum class Kind {
    kNull,    // nothing, `~` or `null`
    kScalar,  // `text`
    kList,    // `children`
    kMap,     // `children` with their keys, in their order, repeated keys among them
    kRefused  // what the reader of the document has reported already; nothing more is to be said of it
  };
  Kind kind = Kind::kNull;
  // Of a scalar: whether it was written in quotes or as a block. Then it is text, whatever it looks like.
  bool quoted = false;
  // Where it begins, from 1. A null has its key's line.
  int line = 1;
  // In a map.
  int key_line = 1;
  std::string key{};

  std::string text{};
  std::vector<YamlNode> children{};

  // The first child of that key; null if there is none.
  const YamlNode* Find(std::string_view wanted_key) const;
};

// Reads one YAML document; an empty one is a null. Refused, and added to `problems`: syntax errors; bytes that are not
// UTF-8 or not text; anchors, aliases, merge keys and tags (nothing that a few bytes could blow up); keys that are not
// scalars; a second document; more than 500 levels, 128 MiB or 10,000,000 nodes. After a syntax error the tree holds
// what came before it. Linear in the length of the text.
YamlNode ReadYamlDocument(std::string_view text, YamlProblems& problems);

}  // namespace fairlead::api
