// Any bytes: lines do not depend on the pieces in which they come, and a report or a verb that was read can be written
// down and read again.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/health/line_protocol.h"
#include "dataplane/health/line_splitter.h"
#include "dataplane/health/verb.h"

namespace fairlead::health {
namespace {

std::vector<std::string> Split(std::string_view input, size_t piece_size) {
  LineSplitter splitter;
  std::vector<std::string> lines;
  while (!input.empty()) {
    std::string_view piece = input.substr(0, piece_size);
    input.remove_prefix(piece.size());
    while (auto line = splitter.Next(&piece)) lines.emplace_back(*line);
    if (!piece.empty()) std::abort();
  }
  return lines;
}

std::string Quoted(std::string_view text) {
  std::string quoted = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

std::string Write(const Report& report) {
  static constexpr const char* kStatuses[] = {"unknown", "up", "degraded", "down"};
  return "report " + std::string(report.backend) + "/" + std::string(report.server) + " " +
         kStatuses[static_cast<int>(report.status)] + " reporter=" + Quoted(report.reporter) +
         " ttl=" + std::to_string(report.ttl_ms) + "ms seq=" + std::to_string(report.sequence) +
         " incarnation=" + std::to_string(report.incarnation) + " reason=" + Quoted(report.reason);
}

void Check(bool holds) {
  if (!holds) std::abort();
}

std::string Write(const Verb& verb) {
  static constexpr const char* kHealth[] = {"?", "up", "?", "down"};
  static constexpr const char* kStates[] = {"ready", "drain", "maint"};
  const std::string name = std::string(verb.backend) + "/" + std::string(verb.server);
  switch (verb.kind) {
    case Verb::Kind::kSetHealth:
      return "set server " + name + " health " + kHealth[static_cast<int>(verb.health)];
    case Verb::Kind::kSetAdminState:
      return "set server " + name + " state " + kStates[static_cast<int>(verb.admin_state)];
    case Verb::Kind::kSetWeight:
      return "set weight " + name + " " + std::to_string(verb.weight) + (verb.is_percent ? "%" : "");
    case Verb::Kind::kGetWeight:
      return "get weight " + name;
    case Verb::Kind::kShowServersState:
      return "show servers state " + std::string(verb.backend);
    case Verb::Kind::kPrompt:
      return "prompt";
    case Verb::Kind::kQuit:
      return "quit";
    case Verb::Kind::kNothing:
    case Verb::Kind::kRefused:
      return "";
  }
  return "";
}

void CheckVerbs(std::string_view line) {
  while (!line.empty()) {
    const size_t before = line.size();
    const Verb verb = TakeVerb(&line);
    Check(line.size() < before);
    Check(verb.error.empty() == (verb.kind != Verb::Kind::kRefused));
    Check(verb.error.find_first_of("\r\n") == std::string::npos);
    if (verb.kind == Verb::Kind::kRefused) continue;
    const std::string written = Write(verb);
    std::string_view rest = written;
    const Verb again = TakeVerb(&rest);
    Check(again.kind == verb.kind && rest.empty() && Write(again) == written);
  }
}

void CheckLine(std::string_view text) {
  LineParser parser;
  const Line line = parser.Parse(text);
  Check(line.error.empty() == (line.kind != Line::Kind::kError));
  Check(line.error.find_first_of("\r\n") == std::string::npos);
  if (line.kind == Line::Kind::kVerbs) CheckVerbs(text);
  if (line.kind == Line::Kind::kAuth) {
    const std::string token(line.token);
    Check(!token.empty() && token.size() <= kMaxTokenBytes && token.find(' ') == std::string::npos);
    LineParser second_parser;
    const std::string written = "auth " + token;
    const Line again = second_parser.Parse(written);
    Check(again.kind == Line::Kind::kAuth && again.token == token);
  }
  if (line.kind != Line::Kind::kReport) return;
  const std::string written = Write(line.report);
  if (written.size() > kMaxLineBytes) return;
  LineParser second_parser;
  const Line again = second_parser.Parse(written);
  Check(again.kind == Line::Kind::kReport && Write(again.report) == written);
}

}  // namespace
}  // namespace fairlead::health

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::vector<std::string> lines = fairlead::health::Split(input, size + 1);
  const std::vector<std::string> in_pieces = fairlead::health::Split(input, 1 + size % 7);
  fairlead::health::Check(lines.size() == in_pieces.size());
  for (size_t i = 0; i < lines.size(); ++i) {
    const std::string_view whole = lines[i];
    // One that is too long may come cut.
    fairlead::health::Check(whole.substr(0, in_pieces[i].size()) == in_pieces[i]);
    fairlead::health::Check(whole.size() == in_pieces[i].size() ||
                            in_pieces[i].size() > fairlead::health::kMaxLineBytes);
    fairlead::health::CheckLine(whole);
  }
  return 0;
}
