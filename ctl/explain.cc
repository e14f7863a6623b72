#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/yaml/concat.h"
#include "api/yaml/nearest_name.h"
#include "ctl/commands.h"
#include "ctl/printable.h"
#include "ctl/requests.h"
#include "ctl/server_name.h"
#include "ctl/table.h"

namespace fairlead::ctl {
namespace {

constexpr std::string_view kUsage = "explain BACKEND/SERVER";

std::string_view NameOf(v1::Health::Status status) { return v1::Health::Status_Name(status); }

std::string Count(uint64_t n, std::string_view what) { return api::Concat(n, " ", what, n == 1 ? "" : "s"); }

// "no: DRAIN"
std::string Eligible(const v1::Explanation& told) {
  if (told.eligible()) return "yes";
  if (told.admin_state() != v1::Server::READY) {
    return api::Concat("no: ", v1::Server::AdminState_Name(told.admin_state()));
  }
  if (told.weight() == 0) return "no: weight 0";
  return api::Concat("no: ", NameOf(told.health()));
}

void PrintDecision(const v1::Explanation& told, std::ostream& out) {
  Table table({{"SERVER"},
               {"HEALTH"},
               {"SINCE", Align::kRight},
               {"AT_REVISION", Align::kRight},
               {"BY"},
               {"ADMIN_STATE"},
               {"WEIGHT", Align::kRight},
               {"ELIGIBLE"},
               {"REASON"}});
  table.AddRow({api::Concat(told.backend(), "/", told.server()), std::string(NameOf(told.health())),
                PrintableSpan(told.since_ms()), told.since_revision() == 0 ? "" : api::Concat(told.since_revision()),
                told.decided_by(), v1::Server::AdminState_Name(told.admin_state()), api::Concat(told.weight()),
                Eligible(told), told.reason()});
  table.Print(out);
}

// Lines of a name and what there is to say of it, the names of one width.
class Facts {
 public:
  explicit Facts(std::ostream& out) : out_(out) {}

  // Of several in a row with one name, the first shows it.
  void Add(std::string_view name, std::string_view text) {
    constexpr size_t kColumns = 14;
    std::string begin(name == last_ ? "" : name);
    last_ = name;
    begin.resize(kColumns, ' ');
    out_ << begin << Printable(text) << "\n";
  }

 private:
  std::ostream& out_;
  std::string_view last_;
};

std::string TextOf(const v1::Explanation::Side& side) {
  return api::Concat(Count(side.votes(), "vote"),
                     side.votes() == 0 ? "" : api::Concat(" from ", Count(side.failure_domains(), "failure domain")));
}

void PrintFacts(const v1::Explanation& told, std::ostream& out) {
  Facts facts(out);
  facts.Add("rule", told.rule());
  facts.Add("votes say", api::Concat(told.votes_say() == v1::Health::UNKNOWN ? "nothing" : NameOf(told.votes_say()),
                                     " (DOWN: ", TextOf(told.down()), "; UP: ", TextOf(told.up()), ")"));
  if (told.has_controller()) {
    const v1::Explanation::Controller& word = told.controller();
    facts.Add("controller", api::Concat(NameOf(word.health()), ", said ", PrintableSpan(word.age_ms()), " ago",
                                        word.overruled() ? ", overruled by later votes" : "",
                                        word.reason().empty() ? "" : ": ", word.reason()));
  }
  if (!told.held_by().empty()) {
    facts.Add("held",
              api::Concat("by ", told.held_by(), ", would be ", NameOf(told.would_be()),
                          told.held_ms() == 0 ? "" : api::Concat(", for another ", PrintableSpan(told.held_ms()))));
  }
  if (told.penalty() >= 1 || told.suppressed()) {
    facts.Add("damping", api::Concat("penalty ", static_cast<uint64_t>(told.penalty()),
                                     told.suppressed() ? ", once DOWN it stays so" : ""));
  }
  if (told.has_fail_safe()) {
    const v1::Explanation::FailSafeState& state = told.fail_safe();
    facts.Add("fail-safe",
              api::Concat(state.taken(), " of ", Count(state.in_service(), "server"), " out by reports, at most ",
                          state.limit(), "; ", Count(state.held(), "decision"), " held back"));
  }
  for (const std::string& way : told.would_change()) facts.Add("would change", way);
}

// "DOWN", or "UP, 1 of 2 DOWN" where its last reports have not changed its vote yet.
std::string VoteText(const v1::Explanation::Vote& vote) {
  std::string text(vote.vote() == v1::Health::UNKNOWN ? "abstains" : NameOf(vote.vote()));
  if (vote.in_a_row_needed() > 0) {
    api::Append(text, ", ", vote.in_a_row(), " of ", vote.in_a_row_needed(), " ", NameOf(vote.said()));
  }
  return text;
}

void PrintVotes(const v1::Explanation& told, std::ostream& out) {
  Table table({{"REPORTER"},
               {"DOMAIN"},
               {"WEIGHT", Align::kRight},
               {"VOTE"},
               {"AGE", Align::kRight},
               {"LEFT", Align::kRight},
               {"INCARNATION", Align::kRight},
               {"SEQUENCE", Align::kRight},
               {"COUNTS"},
               {"REASON"}});
  for (const v1::Explanation::Vote& vote : told.votes()) {
    table.AddRow({vote.reporter(), vote.failure_domain(), api::Concat(vote.weight()), VoteText(vote),
                  PrintableSpan(vote.age_ms()), vote.left_ms() == 0 ? "" : PrintableSpan(vote.left_ms()),
                  api::Concat(vote.incarnation()), api::Concat(vote.sequence()),
                  vote.counts() ? "yes" : api::Concat("no: ", vote.why_not()), vote.reason()});
  }
  if (table.empty()) return;
  out << "\n";
  table.Print(out);
}

// With the time of each, by which a line of the access log finds its own.
void PrintDecisions(const v1::Explanation& told, std::ostream& out) {
  Table table({{"DECIDED"}, {"AGO", Align::kRight}, {"FROM"}, {"TO"}, {"AT_REVISION", Align::kRight}, {"BY"}});
  for (const v1::Explanation::Decision& decision : told.decisions()) {
    const uint64_t time_ms = told.time_ms() - std::min(told.time_ms(), decision.ago_ms());
    table.AddRow({PrintableTime(static_cast<int64_t>(time_ms)), PrintableSpan(decision.ago_ms()),
                  std::string(NameOf(decision.from())), std::string(NameOf(decision.to())),
                  decision.revision() == 0 ? "" : api::Concat(decision.revision()), decision.decided_by()});
  }
  if (table.empty()) return;
  out << "\n";
  table.Print(out);
}

// What is not there, and what may have been meant. Asks for all servers, which are wanted for nothing else.
absl::Status NoSuchServer(Connection& connection, const ServerName& name) {
  v1::StateFilter filter;
  filter.set_without_status(true);
  const absl::StatusOr<v1::StateReport> state = GetState(connection, filter);
  if (!state.ok()) return state.status();
  std::vector<std::string_view> known;
  for (const v1::Backend& backend : state->config().backends()) known.push_back(backend.id());
  const auto backend = std::ranges::find(state->config().backends(), name.backend, &v1::Backend::id);
  if (backend == state->config().backends().end()) {
    return absl::NotFoundError(api::Concat("no backend \"", name.backend, "\";", api::DidYouMean(name.backend, known),
                                           " see fairleadctl get backends"));
  }
  known.clear();
  for (const v1::Server& server : backend->servers()) known.push_back(server.id());
  return absl::NotFoundError(api::Concat("no server \"", name.ToString(), "\";", api::DidYouMean(name.server, known),
                                         " see fairleadctl get servers ", name.backend));
}

absl::StatusOr<ExitCode> Run(const Invocation& invocation) {
  const absl::Status counted = CheckWordCount(invocation, kUsage, 1, 1);
  if (!counted.ok()) return counted;
  const absl::StatusOr<ServerName> name = ParseServerName(invocation.words[0]);
  if (!name.ok()) return name.status();
  const absl::StatusOr<std::unique_ptr<Connection>> connection = Connection::Open(invocation.proxy);
  if (!connection.ok()) return connection.status();
  const absl::StatusOr<v1::Explanation> told = GetExplanation(**connection, name->backend, name->server);
  if (absl::IsNotFound(told.status())) return NoSuchServer(**connection, *name);
  if (!told.ok()) return told.status();

  std::ostream& out = invocation.environment.out;
  if (invocation.format != OutputFormat::kTable) {
    const absl::Status printed = PrintMessage(*told, invocation.format, {.print_defaults = true}, out);
    if (!printed.ok()) return printed;
    return ExitCode::kDone;
  }
  PrintDecision(*told, out);
  out << "\n";
  PrintFacts(*told, out);
  PrintVotes(*told, out);
  PrintDecisions(*told, out);
  return ExitCode::kDone;
}

}  // namespace

Command ExplainCommand() {
  return {
      .name = "explain",
      .arguments = "BACKEND/SERVER",
      .summary = "why a server's health is what it is: votes, rule, decision, what would change it, what was before",
      .example = "fairleadctl explain web/w1",
      .flags = {},
      .run = Run};
}

}  // namespace fairlead::ctl
