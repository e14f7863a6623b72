#include "dataplane/health/line_connection.h"

#include <optional>
#include <utility>

#include "dataplane/base/absl_strings.h"

namespace fairlead::health {

LineConnection::LineConnection(event::Loop* loop, event::Socket* socket, identity::Peer peer, HealthTable* table,
                               ReportTurns* turns, OnEnd* on_end)
    : loop_(loop),
      table_(table),
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
  AnswerLines(ReportTurns::kShare);
  GoOn();
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
  if (!answers_.empty() && !sending_) Send();
  if (ending_ && answers_.empty()) {
    (*on_end_)(this);
    return;
  }
  if (!input_.empty() && answers_.size() < kMaxUnsentBytes) turns_->Add(this);
  if (ending_ || !input_.empty() || answers_.size() >= kMaxUnsentBytes) {
    socket_->PauseReceive();
  } else {
    socket_->ResumeReceive();
  }
}

int LineConnection::AnswerLines(int most) {
  std::string_view rest = input_.view();
  int lines = 0;
  for (; lines < most && !ending_ && answers_.size() < kMaxUnsentBytes; ++lines) {
    const std::optional<std::string_view> line = splitter_.Next(&rest);
    if (!line) break;
    AnswerLine(*line);
  }
  input_.RemovePrefix(input_.size() - rest.size());
  if (ending_ || input_.empty()) input_ = buffer::Slice();
  return lines;
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
      Answer("ok\n");
      ending_ = true;
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
