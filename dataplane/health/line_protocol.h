#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "dataplane/health/report.h"

namespace fairlead::health {

// The protocol by which scripts report. A client sends lines that end in LF or CR LF, the proxy answers each but the
// empty ones with one line, in their order: "ok", or "error " and a reason that says what was wrong and what would be
// right.
//
//   report BACKEND/SERVER up|degraded|down|unknown reporter=NAME [ttl=30s] [seq=N] [incarnation=N] [reason="TEXT"]
//   auth TOKEN  says who speaks, where reporters have tokens (api/fairlead/v1/identity.proto): for the reports that
//   follow on
//               this connection, until another token. The answer is "ok" whether somebody has that token or not:
//               reports are refused where nobody has.
//   help        the answer is "ok " and the lines that exist
//   quit        the answer is "ok", then the proxy closes the connection
//   set, get, show, enable, disable, prompt
//               verbs of HAProxy's runtime API, which are answered as HAProxy does (verb.h, docs/HAPROXY_VERBS.md)
//
// Words are separated by spaces. `key=value` in any order, each at most once. A value is a run of bytes without space
// and double quote, or in double quotes, where \" and \\ stand for the two characters and no other escape exists.
// Durations are whole numbers with ms, s, m or h. What fields mean and their limits: api/fairlead/v1/health.proto.
constexpr size_t kMaxLineBytes = 4096;  // without the end of the line

constexpr size_t kMaxTokenBytes = 1024;

constexpr std::string_view kHelpAnswer =
    "ok report BACKEND/SERVER up|degraded|down|unknown reporter=NAME [ttl=30s] [seq=N] [incarnation=N] "
    "[reason=\"TEXT\"] | auth TOKEN | help | quit | set server BACKEND/SERVER health|state|weight VALUE | "
    "set weight BACKEND/SERVER N | get weight BACKEND/SERVER | enable|disable server BACKEND/SERVER | "
    "show servers state [BACKEND] | prompt";

// What one line asks for.
struct Line {
  enum class Kind : uint8_t { kEmpty, kReport, kAuth, kHelp, kQuit, kVerbs, kError };
  Kind kind = Kind::kEmpty;
  Report report;           // with kReport
  std::string_view token;  // with kAuth; lies in the line
  std::string error;       // with kError: what was wrong and what would be right, on one line
};

// Reads lines. Allocates only for errors. For one thread.
class LineParser {
 public:
  // `line` without its LF or CR LF. The texts of the report lie in `line` or in the parser: valid until the next call.
  Line Parse(std::string_view line);

 private:
  std::string unescaped_;
};

}  // namespace fairlead::health
