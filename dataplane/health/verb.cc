#include "dataplane/health/verb.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <system_error>
#include <utility>

#include "dataplane/base/absl_strings.h"
#include "dataplane/health/quote.h"

namespace fairlead::health {
namespace {

using config::AdminState;
using config::Health;
using Kind = Verb::Kind;

constexpr std::array<std::string_view, 6> kFirstWords = {"set", "get", "show", "enable", "disable", "prompt"};
// What HAProxy's `set server` takes besides.
constexpr std::array<std::string_view, 9> kFieldsOfResources = {
    "addr", "agent", "agent-addr", "agent-port", "agent-send", "check-addr", "check-port", "fqdn", "ssl"};

std::string_view WithoutSpaces(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  return text.substr(0, text.find_last_not_of(' ') + 1);
}

std::string_view TakeWord(std::string_view* text) {
  *text = WithoutSpaces(*text);
  const std::string_view word = text->substr(0, text->find(' '));
  text->remove_prefix(word.size());
  return word;
}

// Reads one command. Functions that can fail return false, with the reason in the verb.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) { verb_.text = WithoutSpaces(text); }

  Verb Read() {
    const std::string_view first = TakeWord(&rest_);
    if (first.empty()) return std::move(verb_);
    if (first == "prompt" || first == "quit") {
      Finish(first == "prompt" ? Kind::kPrompt : Kind::kQuit);
    } else {
      ReadOfTwoWords(first, TakeWord(&rest_));
    }
    return std::move(verb_);
  }

 private:
  bool Refuse(std::string why) {
    verb_.kind = Kind::kRefused;
    verb_.error = std::move(why);
    return false;
  }

  // It is whole, and so nothing may follow.
  bool Finish(Kind kind) {
    verb_.kind = kind;
    const std::string_view more = WithoutSpaces(rest_);
    return more.empty() || Refuse(base::StrCat("Unexpected ", Quote(more), " after the command."));
  }

  bool ReadOfTwoWords(std::string_view first, std::string_view second) {
    if (first == "set" && second == "server") return ReadSetServer();
    if (first == "set" && second == "weight") return ReadServer() && ReadWeight();
    if (first == "get" && second == "weight") return ReadServer() && Finish(Kind::kGetWeight);
    if (first == "enable" && second == "server") return ReadServer() && SetAdminState(AdminState::kReady);
    if (first == "disable" && second == "server") return ReadServer() && SetAdminState(AdminState::kMaint);
    std::string_view rest = rest_;
    if (first == "show" && second == "servers" && TakeWord(&rest) == "state") {
      rest_ = rest;
      verb_.backend = TakeWord(&rest_);
      return Finish(Kind::kShowServersState);
    }
    return Refuse(base::StrCat("Unknown command: ", Quote(verb_.text),
                               ". Known here: 'set server', 'set weight', 'get weight', 'enable server', 'disable "
                               "server', 'show servers state', 'prompt' and 'quit'."));
  }

  bool ReadServer() {
    const std::string_view name = TakeWord(&rest_);
    const size_t slash = name.find('/');
    if (slash == name.npos) return Refuse("Require 'backend/server'.");
    verb_.backend = name.substr(0, slash);
    verb_.server = name.substr(slash + 1);
    return true;
  }

  bool ReadSetServer() {
    if (!ReadServer()) return false;
    const std::string_view field = TakeWord(&rest_);
    if (field == "weight") return ReadWeight();
    if (field == "state") return ReadState();
    if (field == "health") return ReadHealth();
    if (std::ranges::find(kFieldsOfResources, field) != kFieldsOfResources.end()) {
      return Refuse(base::StrCat("'set server <srv> ", field,
                                 "' is not taken here: addresses and checks are the matter of transactions and of who "
                                 "reports health."));
    }
    return Refuse("usage: set server <backend>/<server> health | state | weight");
  }

  bool ReadState() {
    const std::string_view state = TakeWord(&rest_);
    if (state == "ready") return SetAdminState(AdminState::kReady);
    if (state == "drain") return SetAdminState(AdminState::kDrain);
    if (state == "maint") return SetAdminState(AdminState::kMaint);
    return Refuse("'set server <srv> state' expects 'ready', 'drain' and 'maint'.");
  }

  bool SetAdminState(AdminState state) {
    verb_.admin_state = state;
    return Finish(Kind::kSetAdminState);
  }

  bool ReadHealth() {
    const std::string_view health = TakeWord(&rest_);
    if (health != "up" && health != "down" && health != "stopping") {
      return Refuse("'set server <srv> health' expects 'up', 'stopping', or 'down'.");
    }
    // DOWN lets what runs be finished, and keeps everything new away: which is what "stopping" means.
    verb_.health = health == "up" ? Health::kUp : Health::kDown;
    return Finish(Kind::kSetHealth);
  }

  bool ReadWeight() {
    std::string_view text = TakeWord(&rest_);
    if (text.empty()) return Refuse("Require <weight> or <weight%>.");
    const bool is_negative = text.starts_with('-');
    const char* const begin = text.data() + (is_negative ? 1 : 0);
    const char* const end = text.data() + text.size();
    const auto result = std::from_chars(begin, end, verb_.weight);
    if (result.ptr == begin) return Refuse("Empty weight string empty or preceded by garbage");
    const std::string_view unit(result.ptr, static_cast<size_t>(end - result.ptr));
    verb_.is_percent = unit == "%";
    if (!unit.empty() && !verb_.is_percent) return Refuse("Trailing garbage in weight string");
    if (result.ec != std::errc()) verb_.weight = UINT32_MAX;
    if (is_negative && verb_.is_percent) return Refuse("Relative weight must be positive.");
    // What a percentage comes to is seen where the initial weight is known.
    if (is_negative || (!verb_.is_percent && verb_.weight > kMaxWeight)) {
      return Refuse(base::StrCat("Absolute weight can only be between 0 and ", kMaxWeight, " inclusive."));
    }
    return Finish(Kind::kSetWeight);
  }

  static constexpr uint32_t kMaxWeight = 65'535;

  std::string_view rest_;
  Verb verb_;
};

}  // namespace

bool BeginsWithVerb(std::string_view line) {
  line = line.substr(0, line.find(';'));
  return std::ranges::find(kFirstWords, TakeWord(&line)) != kFirstWords.end();
}

Verb TakeVerb(std::string_view* line) {
  const std::string_view command = line->substr(0, line->find(';'));
  line->remove_prefix(std::min(command.size() + 1, line->size()));
  return Reader(command).Read();
}

}  // namespace fairlead::health
