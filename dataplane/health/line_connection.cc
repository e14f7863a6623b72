#include "dataplane/health/line_connection.h"

#include <optional>
#include <string>
#include <utility>

#include "dataplane/base/absl_strings.h"

namespace fairlead::health {

LineConnection::LineConnection(event::Loop* loop, event::Socket* socket, identity::Peer peer, HealthTable* table,
                               VerbActions* verb_actions, OnEnd* on_end)
    : loop_(loop),
      table_(table),
      verb_actions_(verb_actions),
      on_end_(on_end),
      socket_(socket),
      speaker_(&table->reporters(), std::move(peer)) {
  socket_->set_handler(this);
  socket_->ResumeReceive();
}

LineConnection::~LineConnection() { socket_->Close(answers_.TakeSlices()); }

void LineConnection::OnReceived(buffer::Slice bytes) {
  input_ = std::move(bytes);
  Work();
}

void LineConnection::OnReceiveEnd(int error) {
  if (error != 0) {
    (*on_end_)(this);
    return;
  }
  // What was cut may have been about to say something else.
  if (splitter_.HasUnfinishedLine()) AnswerError("the last line is cut short; want a line feed at its end");
  ending_ = true;
  Work();
}

void LineConnection::OnSent(size_t sent, int error) {
  sending_ = false;
  if (error != 0) {
    (*on_end_)(this);
    return;
  }
  answers_.Consume(sent);
  Work();
}

void LineConnection::Work() {
  AnswerLines();
  if (!answers_.empty() && !sending_) Send();
  if (ending_ && answers_.empty()) {
    (*on_end_)(this);
  } else if (ending_ || is_busy() || !input_.empty() || answers_.size() >= kMaxUnsentBytes) {
    socket_->PauseReceive();
  } else {
    socket_->ResumeReceive();
  }
}

void LineConnection::AnswerLines() {
  std::string_view rest = input_.view();
  while (!ending_ && answers_.size() < kMaxUnsentBytes) {
    if (is_busy()) {
      const std::string answer = verbs_->Next(speaker_.peer());
      if (answer.empty() && is_busy()) break;  // it waits
      Answer(answer);
      ending_ = verbs_->quits();
      continue;
    }
    const std::optional<std::string_view> line = splitter_.Next(&rest);
    if (!line) {
      ending_ = verbs_ != nullptr && !is_interactive() && !splitter_.HasUnfinishedLine();
      break;
    }
    AnswerLine(*line);
    if (is_interactive() && !is_busy() && !ending_) Answer(verbs_->prompt());
  }
  input_.RemovePrefix(input_.size() - rest.size());
  if (ending_ || input_.empty()) input_ = buffer::Slice();
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
        verbs_ = std::make_unique<VerbDialogue>(loop_, table_, verb_actions_, [this] { Work(); });
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
