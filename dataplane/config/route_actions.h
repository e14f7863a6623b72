#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dataplane/config/route_match.h"

// What a rule does with a request besides sending it to a backend, or in place of that. All texts were checked: they
// can end no line of a head.
namespace fairlead::config {

// Answers with a Location.
struct Redirect {
  uint16_t status = 302;
  std::string path = {};  // in place of the whole path; empty: not
  // In place of what the rule's path prefix, of so many bytes, matched; empty: not.
  std::string path_prefix = {};
  size_t matched_size = 0;
  std::string scheme = {};  // empty: the request's
  std::string host = {};    // maybe with a port; empty: the request's
  bool strip_query = false;
};

// A fixed answer.
struct Respond {
  uint16_t status = 200;
  std::string body = {};
  std::string content_type = {};  // empty where there is no body
};

// What a server is asked for in place of what the client named.
struct Rewrite {
  // In place of the path's first bytes, which the rule's path or prefix matched; empty: not.
  std::string path_prefix = {};
  size_t matched_size = 0;
  // In place of the first part of the path that matches; null: not.
  SharedRegex pattern = nullptr;
  std::string substitution = {};
  std::string host = {};  // empty: the request's
};

// Which answers of gRPC are asked for again.
struct GrpcRetry {
  uint32_t statuses = 0;  // by number, as bits
  uint32_t max_retries = 1;
};

// Changes to the fields of a head, in this order.
struct HeaderChanges {
  struct Field {
    std::string name;
    std::string value;
  };
  std::vector<std::string> remove = {};
  std::vector<Field> set = {};
  std::vector<Field> add = {};
};

}  // namespace fairlead::config
