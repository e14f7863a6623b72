#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "dataplane/base/regex.h"
#include "dataplane/net/network.h"

namespace fairlead::config {

using SharedRegex = std::shared_ptr<const base::Regex>;

enum class PathMatch : uint8_t { kAny, kExact, kPrefix, kRegex };

// What is asked of the fields of one name: that one of them is as described or, for kAbsent, that there are none.
struct HeaderMatch {
  enum class Kind : uint8_t { kPresent, kExact, kPrefix, kRegex, kAbsent };
  std::string name = {};  // lower case
  Kind kind = Kind::kPresent;
  std::string text = {};        // with kExact and kPrefix
  SharedRegex regex = nullptr;  // with kRegex
};

// What is asked of the query's parameters of one name: that one of them is as described. All of it is decoded.
struct QueryMatch {
  enum class Kind : uint8_t { kPresent, kExact, kRegex };
  std::string name = {};
  Kind kind = Kind::kPresent;
  std::string text = {};        // with kExact
  SharedRegex regex = nullptr;  // with kRegex
};

// What is asked of the certificate that the client has shown, and its listener has verified.
struct ClientCertificateMatch {
  // One of its names is one of these, or one of its DNS names is below one of `dns_suffixes` (".example.org"), by one
  // label; neither: any.
  std::vector<std::string> names = {};
  std::vector<std::string> dns_suffixes = {};
  std::string subject = {};  // empty: any
};

// Which requests a rule is for: those for which all that is set holds.
struct RouteMatch {
  PathMatch path_match = PathMatch::kAny;
  std::string path;                                        // with kExact and kPrefix
  SharedRegex path_regex;                                  // with kRegex
  std::vector<std::string> methods;                        // empty: any
  std::shared_ptr<const net::NetworkSet> source_networks;  // of the client; null: any
  std::vector<HeaderMatch> headers;
  std::vector<QueryMatch> query;
  std::shared_ptr<const ClientCertificateMatch> client_certificate;  // null: none is asked for
};

}  // namespace fairlead::config
