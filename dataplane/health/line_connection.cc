#include "dataplane/health/line_connection.h"

#include <optional>
#include <string>
#include <utility>

#include "dataplane/base/absl_strings.h"

namespace fairlead::health {
namespace {

// One that is refused, or a piece of a list, takes as long as so many reports.
constexpr int kStepsOfAVerb = 10;

}  // namespace

LineConnection::LineConnection(event::Loop* loop, event::Socket* socket, identity::Peer peer, HealthTable* table,
                               VerbActions* verb_actions, ReportTurns* turns, OnEnd* on_end)
    : loop_(loop),
      table_(table),
      verb_actions_(verb_actions),
      turns_(turns),
      on_end_(on_end),
      socket_(socket),
      speaker_(&table->reporters(), std::move(peer)) {
  socket_->set_handler(this);
  socket_->ResumeReceive();
}

LineConnection::~LineConnection() {
  turns_->Remove(this);
  socket_->Close(answers_.TakeSlices());
}

void LineConnection::OnReceived(buffer::Slice bytes) {
  input_ = std::move(bytes);
  TakeReports(ReportTurns::kShare);
}

void LineConnection::OnReceiveEnd(int error) {
  if (error != 0) {
    (*on_end_)(this);
    return;
  }
  // What was cut may have been about to say something else.
  if (splitter_.HasUnfinishedLine()) AnswerError("the last line is cut short; want a line feed at its end");
  ending_ = true;
  GoOn();
}

void LineConnection::OnSent(size_t sent, int error) {
  sending_ = false;
  if (error != 0) {
    (*on_end_)(this);
    return;
  }
  answers_.Consume(sent);
  GoOn();
}

int LineConnection::TakeReports(int most) {
  const int taken = AnswerLines(most);
  GoOn();
  return taken;
}

void LineConnection::GoOn() {
  // Who sends a line of verbs reads to the end.
  const bool has_all = !is_busy() && input_.empty() && !splitter_.HasUnfinishedLine();
  if (verbs_ != nullptr && !is_interactive() && has_all) ending_ = true;
  if (!answers_.empty() && !sending_) Send();
  if (ending_ && answers_.empty()) {
    (*on_end_)(this);
    return;
  }
  const bool waits = ending_ || (is_busy() && verbs_->waits()) || answers_.size() >= kMaxUnsentBytes;
  if (!waits && (is_busy() || !input_.empty())) turns_->Add(this);
  if (ending_ || is_busy() || !input_.empty() || answers_.size() >= kMaxUnsentBytes) {
    socket_->PauseReceive();
  } else {
    socket_->ResumeReceive();
  }
}

int LineConnection::AnswerLines(int most) {
  std::string_view rest = input_.view();
  int steps = 0;
  for (; steps < most && !ending_ && answers_.size() < kMaxUnsentBytes; ++steps) {
    if (is_busy()) {
      const std::string answer = verbs_->Next(speaker_.peer());
      if (verbs_->waits()) break;
      Answer(answer);
      ending_ = verbs_->quits();
      steps += kStepsOfAVerb - 1;
      continue;
    }
    const std::optional<std::string_view> line = splitter_.Next(&rest);
    if (!line) break;
    AnswerLine(*line);
    if (is_interactive() && !is_busy() && !ending_) Answer(verbs_->prompt());
  }
  input_.RemovePrefix(input_.size() - rest.size());
  if (ending_ || input_.empty()) input_ = buffer::Slice();
  return steps;
}

void LineConnection::AnswerLine(std::string_view text) {
  const Line line = parser_.Parse(text);
  switch (line.kind) {
    case Line::Kind::kEmpty:
      return;
    case Line::Kind::kReport:
      if (absl::Status status = table_->Take(line.report, speaker_); !status.ok()) {
        AnswerError(base::FromAbsl(status.message()));
      } else {
        Answer("ok\n");
      }
      return;
    case Line::Kind::kAuth:
      speaker_.ShowToken(line.token);
      Answer("ok\n");
      return;
    case Line::Kind::kHelp:
      Answer(kHelpAnswer);
      Answer("\n");
      return;
    case Line::Kind::kQuit:
      if (!is_interactive()) Answer("ok\n");
      ending_ = true;
      return;
    case Line::Kind::kVerbs:
      if (verbs_ == nullptr) {
        verbs_ =
            std::make_unique<VerbDialogue>(loop_, table_, verb_actions_, [this] { TakeReports(ReportTurns::kShare); });
      }
      verbs_->Begin(text);
      return;
    case Line::Kind::kError:
      AnswerError(line.error);
      return;
  }
}

void LineConnection::Answer(std::string_view text) { answers_.Append(text, loop_->blocks()); }

void LineConnection::AnswerError(std::string_view reason) {
  Answer("error ");
  Answer(reason);
  Answer("\n");
}

void LineConnection::Send() {
  iovec pieces[event::Socket::kMaxIovecs];
  sending_ = true;
  socket_->StartSend(pieces, answers_.FillIovecs(pieces, event::Socket::kMaxIovecs));
}

}  // namespace fairlead::health
