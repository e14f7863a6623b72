#include "dataplane/health/line_protocol.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <system_error>
#include <utility>

#include "dataplane/base/absl_strings.h"
#include "dataplane/health/quote.h"
#include "dataplane/health/verb.h"

namespace fairlead::health {

namespace {

using config::Health;

bool IsControlCharacter(unsigned char c) { return c < 0x20 || c == 0x7f; }

// All of `text`, digits alone.
bool ParseNumber(std::string_view text, uint64_t* number) {
  const char* begin = text.data();
  const char* end = begin + text.size();
  const auto result = std::from_chars(begin, end, *number);
  return result.ec == std::errc() && result.ptr == end;
}

bool ParseDuration(std::string_view text, uint64_t* milliseconds) {
  struct Unit {
    std::string_view name;
    uint64_t milliseconds;
  };
  static constexpr std::array<Unit, 4> kUnits = {{{"ms", 1}, {"s", 1'000}, {"m", 60'000}, {"h", 3'600'000}}};
  const size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const auto unit = std::find_if(kUnits.begin(), kUnits.end(),
                                 [&](const Unit& candidate) { return candidate.name == text.substr(digits); });
  uint64_t number = 0;
  if (unit == kUnits.end() || !ParseNumber(text.substr(0, digits), &number)) return false;
  return !__builtin_mul_overflow(number, unit->milliseconds, milliseconds);
}

std::optional<Health> ParseStatus(std::string_view word) {
  if (word == "up") return Health::kUp;
  if (word == "degraded") return Health::kDegraded;
  if (word == "down") return Health::kDown;
  if (word == "unknown") return Health::kUnknown;
  return std::nullopt;
}

// Takes one line apart, from the left. Functions that can fail return false, with the reason in the line.
class Reader {
 public:
  Reader(std::string_view text, std::string* unescaped) : rest_(text), unescaped_(unescaped) {}

  Line Read() {
    const std::string_view verb = NextWord();
    if (verb.empty()) return std::move(line_);
    if (verb == "report") {
      if (ReadReport()) line_.kind = Line::Kind::kReport;
    } else if (verb == "auth") {
      if (ReadAuth()) line_.kind = Line::Kind::kAuth;
    } else if (verb == "help" || verb == "quit") {
      line_.kind = verb == "help" ? Line::Kind::kHelp : Line::Kind::kQuit;
      if (!AtEnd()) Fail(base::StrCat(verb, ": nothing may follow it, not ", Quote(rest_)));
    } else {
      Fail(base::StrCat("unknown command ", Quote(verb), ": want report, auth, help, quit, or a verb of HAProxy's"));
    }
    return std::move(line_);
  }

 private:
  enum Key : uint8_t { kReporter = 1, kTtl = 2, kSequence = 4, kIncarnation = 8, kReason = 16 };

  bool Fail(std::string reason) {
    line_.kind = Line::Kind::kError;
    line_.error = std::move(reason);
    return false;
  }

  bool AtEnd() {
    rest_.remove_prefix(std::min(rest_.find_first_not_of(' '), rest_.size()));
    return rest_.empty();
  }

  // The bytes up to the first of `ends`, or all.
  std::string_view TakeUntil(std::string_view ends) {
    const std::string_view taken = rest_.substr(0, rest_.find_first_of(ends));
    rest_.remove_prefix(taken.size());
    return taken;
  }

  std::string_view NextWord() { return AtEnd() ? std::string_view() : TakeUntil(" "); }

  bool ReadAuth() {
    line_.token = NextWord();
    // Neither is ever repeated in the answer: it may end up in a log.
    if (line_.token.empty() || !AtEnd()) return Fail("auth: want exactly one word, the token");
    if (line_.token.size() > kMaxTokenBytes) {
      return Fail(base::StrCat("auth: the token is longer than ", kMaxTokenBytes, " bytes"));
    }
    return true;
  }

  bool ReadReport() {
    const std::string_view target = NextWord();
    const std::string_view status = NextWord();
    const size_t slash = target.find('/');
    if (slash == 0 || slash == std::string_view::npos || slash + 1 == target.size()) {
      return Fail(base::StrCat("server ", Quote(target), ": want BACKEND/SERVER"));
    }
    line_.report.backend = target.substr(0, slash);
    line_.report.server = target.substr(slash + 1);
    const std::optional<Health> health = ParseStatus(status);
    if (!health) return Fail(base::StrCat("status ", Quote(status), ": want up, degraded, down or unknown"));
    line_.report.status = *health;
    while (!AtEnd()) {
      if (!ReadPair()) return false;
    }
    if (line_.report.reporter.empty()) return Fail("reporter: missing; say who speaks with reporter=NAME");
    return true;
  }

  bool ReadPair() {
    const std::string_view name = TakeUntil(" =");
    if (rest_.empty() || rest_[0] != '=') return Fail(base::StrCat(Quote(name), ": want KEY=VALUE"));
    rest_.remove_prefix(1);
    unsigned key = 0;
    if (name == "reporter") key = kReporter;
    if (name == "ttl") key = kTtl;
    if (name == "seq") key = kSequence;
    if (name == "incarnation") key = kIncarnation;
    if (name == "reason") key = kReason;
    if (key == 0) {
      return Fail(base::StrCat("unknown key ", Quote(name), ": want reporter, ttl, seq, incarnation or reason"));
    }
    if ((seen_ & key) != 0) return Fail(base::StrCat(name, ": given twice; want it once"));
    seen_ |= key;
    std::string_view value;
    return ReadValue(name, &value) && SetField(key, name, value);
  }

  bool ReadValue(std::string_view name, std::string_view* value) {
    if (!rest_.empty() && rest_[0] == '"') return ReadQuoted(name, value);
    *value = TakeUntil(" \"");
    if (!rest_.empty() && rest_[0] == '"') {
      return Fail(base::StrCat(name,
                               ": a double quote within the value; want the whole value in quotes, with \\\" for one "
                               "of its own"));
    }
    return true;
  }

  bool ReadQuoted(std::string_view name, std::string_view* value) {
    rest_.remove_prefix(1);
    const size_t start = unescaped_->size();
    while (true) {
      unescaped_->append(TakeUntil("\"\\"));
      if (rest_.empty()) return Fail(base::StrCat(name, ": no closing quote"));
      if (rest_[0] == '"') break;
      if (rest_.size() < 2 || (rest_[1] != '"' && rest_[1] != '\\')) {
        return Fail(base::StrCat(name, ": unknown escape ", Quote(rest_.substr(0, 2)), "; want \\\" or \\\\"));
      }
      unescaped_->push_back(rest_[1]);
      rest_.remove_prefix(2);
    }
    rest_.remove_prefix(1);
    if (!rest_.empty() && rest_[0] != ' ') return Fail(base::StrCat(name, ": want a space after the closing quote"));
    *value = std::string_view(*unescaped_).substr(start);
    return true;
  }

  bool SetField(unsigned key, std::string_view name, std::string_view value) {
    Report& report = line_.report;
    switch (key) {
      case kReporter:
        report.reporter = value;
        return true;
      case kReason:
        report.reason = value;
        return true;
      case kTtl:
        return ParseDuration(value, &report.ttl_ms) ||
               Fail(base::StrCat("ttl ", Quote(value), ": want a whole number with ms, s, m or h, for instance 30s"));
      default:
        return ParseNumber(value, key == kSequence ? &report.sequence : &report.incarnation) ||
               Fail(base::StrCat(name, " ", Quote(value), ": want a whole number up to 18446744073709551615"));
    }
  }

  std::string_view rest_;
  std::string* const unescaped_;  // of enough capacity never to move
  unsigned seen_ = 0;
  Line line_;
};

}  // namespace

Line LineParser::Parse(std::string_view line) {
  Line error;
  error.kind = Line::Kind::kError;
  if (line.size() > kMaxLineBytes) {
    error.error = base::StrCat("the line is longer than ", kMaxLineBytes, " bytes; want a shorter one");
    return error;
  }
  if (std::any_of(line.begin(), line.end(), IsControlCharacter)) {
    error.error = "a control character in the line; want none but the line's end, and spaces between words";
    return error;
  }
  if (BeginsWithVerb(line)) {
    Line verbs;
    verbs.kind = Line::Kind::kVerbs;
    return verbs;
  }
  unescaped_.clear();
  if (line.find('"') != line.npos) unescaped_.reserve(kMaxLineBytes);
  return Reader(line, &unescaped_).Read();
}

}  // namespace fairlead::health
