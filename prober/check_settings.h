#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "dataplane/base/regex.h"
#include "dataplane/tls/client_context.h"
#include "fairlead/v1/prober.pb.h"

namespace fairlead::prober {

struct StatusRange {
  uint16_t first;
  uint16_t last;
};

struct FieldMatch {
  std::string name;
  enum class Kind : uint8_t { kPresent, kAbsent, kExact, kPrefix, kRegex } kind = Kind::kPresent;
  std::string text = {};  // of kExact, kPrefix
  std::shared_ptr<const base::Regex> regex = nullptr;
};

struct TcpSettings {};

struct HttpSettings {
  // The request, whole, around the host, which may be the server's: before + host + after.
  std::string before_host;
  std::string host;  // empty: the address that is checked
  std::string after_host;
  std::vector<StatusRange> statuses;  // which are right, in words:
  std::string statuses_text;
  std::vector<FieldMatch> fields;
  std::string body_contains;
  std::shared_ptr<const base::Regex> body_regex;  // of the whole; null: none
  std::string body_regex_text;

  bool wants_body() const { return !body_contains.empty() || body_regex != nullptr; }
};

struct GrpcSettings {
  std::string service;
  std::string authority;  // empty: the address that is checked
};

struct CommandSettings {
  std::vector<std::string> argv;
};

// How servers of a backend are checked: v1::Check, checked itself and made ready. Immutable.
struct CheckSettings {
  uint64_t interval_ms = 0;
  uint64_t timeout_ms = 0;
  uint64_t retry_interval_ms = 0;
  uint64_t ttl_ms = 0;
  uint32_t rise = 0;
  uint32_t fall = 0;
  uint16_t port = 0;                                        // 0: the address' own
  std::shared_ptr<const tls::ClientContext> tls = nullptr;  // null: in the clear
  std::variant<TcpSettings, HttpSettings, GrpcSettings, CommandSettings> kind;

  // How long it takes at most to find out that a server is down that nothing is known of, or that was up.
  uint64_t decision_ms() const;
  // "tcp", "http", "https", "grpc", "grpcs", "command", "tls".
  std::string_view kind_name() const;
};

// Every backend's check.
class CheckPlan {
 public:
  // TCP everywhere.
  static CheckPlan Default();
  // INVALID_ARGUMENT names all faults by path, a line each.
  static absl::StatusOr<CheckPlan> Compile(const v1::ProberConfig& config);
  // The same of a file in YAML. Blocks to read it.
  static absl::StatusOr<CheckPlan> Read(const std::string& file);

  // Null: its servers are not checked.
  const std::shared_ptr<const CheckSettings>& Of(std::string_view backend) const;

 private:
  std::shared_ptr<const CheckSettings> defaults_;
  absl::flat_hash_map<std::string, std::shared_ptr<const CheckSettings>> backends_;
};

}  // namespace fairlead::prober
