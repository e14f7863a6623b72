#include "dataplane/admin/explanation_page.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>

#include "dataplane/admin/json_writer.h"
#include "dataplane/base/unix_time.h"
#include "dataplane/health/explain.h"
#include "dataplane/health/explanation.h"

namespace fairlead::admin {
namespace {

using config::ToString;
using health::Explanation;

class Writer {
 public:
  explicit Writer(std::string* text) : json_(text) {}

  void Write(const Status& status, const config::Backend& backend, const config::Server& server,
             const Explanation& explanation) {
    json_.BeginObject();
    Field("backend", backend.settings->id);
    Field("server", server.id);
    Field("revision", status.snapshot.revision);
    Field("health", ToString(explanation.decision.health));
    Field("decided_by", explanation.decision.decided_by);
    Field("reason", explanation.decision.reason);
    Field("since_ms", status.now_ms - std::min(status.now_ms, explanation.decision.since_ms));
    Field("since_revision", explanation.decision.since_revision);
    Field("time_ms", base::UnixMillis());
    Field("admin_state", ToString(server.admin_state));
    Field("weight", server.weight);
    Flag("eligible", server.IsEligible(backend.settings->unknown_is_eligible));
    Field("rule", explanation.rule);
    json_.Key("votes");
    json_.BeginArray();
    for (const Explanation::Vote& vote : explanation.votes) WriteVote(vote);
    json_.EndArray();
    WriteController(explanation);
    WriteSide("down", explanation.tally.down);
    WriteSide("up", explanation.tally.up);
    Field("votes_say", ToString(explanation.found));
    WriteHold(explanation);
    json_.Key("would_change");
    json_.BeginArray();
    for (const std::string& way : explanation.changes) json_.String(way);
    json_.EndArray();
    WritePast(explanation);
    json_.EndObject();
  }

 private:
  void WriteVote(const Explanation::Vote& vote) {
    json_.NewLine();
    json_.BeginObject();
    Field("reporter", vote.reporter);
    Field("failure_domain", vote.failure_domain);
    Field("weight", vote.weight);
    Field("vote", ToString(vote.health));
    Field("said", ToString(vote.said));
    Field("in_a_row", vote.run);
    if (vote.run_needed > 0) Field("in_a_row_needed", vote.run_needed);
    Field("age_ms", vote.age_ms);
    Field("left_ms", vote.left_ms);
    Field("incarnation", vote.incarnation);
    Field("sequence", vote.sequence);
    Flag("counts", vote.counts);
    if (!vote.note.empty()) Field("why_not", vote.note);
    Field("reason", vote.reason);
    json_.EndObject();
  }
  void WriteController(const Explanation& explanation) {
    if (!explanation.controller) return;
    json_.Key("controller");
    json_.BeginObject();
    Field("health", ToString(explanation.controller->health));
    Field("age_ms", explanation.controller->age_ms);
    Flag("overruled", explanation.controller->overruled);
    Field("reason", explanation.controller->reason);
    json_.EndObject();
  }
  void WriteSide(std::string_view name, const health::Side& side) {
    json_.Key(name);
    json_.BeginObject();
    Field("votes", side.votes);
    Field("failure_domains", side.failure_domains);
    json_.EndObject();
  }
  void WriteHold(const Explanation& explanation) {
    if (explanation.hold.why != health::Hold::Why::kNone) {
      json_.Key("held");
      json_.BeginObject();
      Field("by", ToString(explanation.hold.why));
      Field("would_be", ToString(explanation.hold.wanted));
      if (explanation.hold_left_ms > 0) Field("left_ms", explanation.hold_left_ms);
      json_.EndObject();
    }
    if (explanation.penalty > 0) {
      Field("penalty", static_cast<uint64_t>(std::llround(explanation.penalty)));
      Flag("suppressed", explanation.suppressed);
    }
    if (!explanation.fail_safe) return;
    json_.Key("fail_safe");
    json_.BeginObject();
    Field("in_service", explanation.fail_safe->in_service);
    Field("limit", explanation.fail_safe->limit);
    Field("taken", explanation.fail_safe->taken);
    Field("held", explanation.fail_safe->held);
    json_.EndObject();
  }
  void WritePast(const Explanation& explanation) {
    json_.Key("decisions");
    json_.BeginArray();
    for (const Explanation::Past& past : explanation.past) {
      json_.NewLine();
      json_.BeginObject();
      Field("ago_ms", past.ago_ms);
      Field("from", ToString(past.from));
      Field("to", ToString(past.to));
      Field("decided_by", past.decided_by);
      Field("revision", past.revision);
      json_.EndObject();
    }
    json_.EndArray();
  }

  void Field(std::string_view name, std::string_view value) {
    json_.Key(name);
    json_.String(value);
  }
  void Field(std::string_view name, uint64_t value) {
    json_.Key(name);
    json_.Number(value);
  }
  void Flag(std::string_view name, bool value) {
    json_.Key(name);
    json_.Bool(value);
  }

  JsonWriter json_;
};

}  // namespace

std::unique_ptr<Page> ExplanationPage::Make(const Status& status, std::string_view backend, std::string_view server) {
  const std::optional<Explanation> explanation = status.health->Explain(backend, server);
  if (!explanation) return nullptr;
  std::string text;
  // Seldom asked for, so that a look at all is no matter.
  status.snapshot.backends.ForEach([&](size_t, const std::shared_ptr<const config::Backend>& found) {
    if (found == nullptr || found->settings->id != backend) return;
    found->servers.ForEach([&](size_t, const config::ServerPtr& candidate) {
      if (candidate != nullptr && candidate->id == server)
        Writer(&text).Write(status, *found, *candidate, *explanation);
    });
  });
  if (text.empty()) return nullptr;
  text += '\n';
  return std::unique_ptr<Page>(new ExplanationPage(std::move(text)));
}

std::string_view ExplanationPage::NextPiece() {
  if (told_) return {};
  told_ = true;
  return text_;
}

}  // namespace fairlead::admin
