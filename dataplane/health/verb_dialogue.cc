#include "dataplane/health/verb_dialogue.h"

namespace fairlead::health {

VerbDialogue::~VerbDialogue() {
  if (waiting_) actions_->forget(ticket_);
}

void VerbDialogue::Begin(std::string_view line) {
  line_ = line;
  done_ = 0;
}

std::string VerbDialogue::Next(const identity::Peer& peer) {
  while (!waiting_) {
    if (answer_.has_value()) return Finish(*std::exchange(answer_, std::nullopt));
    if (listing_ != nullptr) {
      if (std::string piece = listing_->NextPiece(); !piece.empty()) return piece;
      listing_ = nullptr;
      return Finish("");
    }
    std::string_view rest = commands();
    if (rest.empty()) break;
    const Verb verb = TakeVerb(&rest);
    done_ = line_.size() - rest.size();
    if (std::string text = Answer(verb, peer); !text.empty()) return text;
  }
  if (!waiting_) {  // nothing is held between lines
    line_ = std::string();
    done_ = 0;
  }
  return {};
}

std::string VerbDialogue::Answer(const Verb& verb, const identity::Peer& peer) {
  switch (verb.kind) {
    case Verb::Kind::kNothing:
      return {};
    case Verb::Kind::kRefused:
      return Finish(verb.error);
    case Verb::Kind::kPrompt:
      interactive_ = !interactive_;
      return Finish("");
    case Verb::Kind::kQuit:
      quits_ = true;
      done_ = line_.size();
      return {};
    case Verb::Kind::kShowServersState:
      listing_ = ServersState::Make(verb.backend, table_, actions_, loop_->now_ms());
      return listing_ != nullptr ? std::string() : Finish("Can't find backend.");
    case Verb::Kind::kSetHealth:
    case Verb::Kind::kSetAdminState:
    case Verb::Kind::kSetWeight:
    case Verb::Kind::kGetWeight:
      break;
  }
  waiting_ = within_next_ = true;
  ticket_ = actions_->carry_out(verb, peer, [this](std::string text) { OnAnswer(std::move(text)); });
  within_next_ = false;
  return {};
}

std::string VerbDialogue::Finish(std::string text) const {
  if (!text.empty() && text.back() != '\n') text += '\n';
  text += prompt();
  return text;
}

void VerbDialogue::OnAnswer(std::string text) {
  waiting_ = false;
  answer_ = std::move(text);
  if (!within_next_) on_answer_();
}

}  // namespace fairlead::health
