#include "dataplane/control/dialer.h"

#include <random>
#include <utility>

#include "absl/status/status.h"
#include "dataplane/base/absl_strings.h"
#include "dataplane/control/control_address.h"

namespace fairlead::control {
namespace {

constexpr uint64_t kTellAgainMs = 10'000;

RedialPause::Result ResultOf(const ControllerStream::Ending& ending) {
  if (!ending.reached || absl::IsDeadlineExceeded(ending.status)) return RedialPause::Result::kNobody;
  if (ending.status.ok() || absl::IsUnavailable(ending.status)) return RedialPause::Result::kSentOn;
  return RedialPause::Result::kRefusal;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Dialer>> Dialer::Create(const std::vector<std::string>& addresses, ControlCore* core,
                                                       event::Loop* loop,
                                                       absl::AnyInvocable<void(std::string_view line)> log,
                                                       api::MutualTls tls) {
  std::vector<net::Address> parsed;
  for (const std::string& text : addresses) {
    absl::StatusOr<net::Address> address = ParseControlAddress(text, tls.given());
    if (!address.ok()) return address.status();
    parsed.push_back(*std::move(address));
  }
  if (parsed.empty()) return absl::InvalidArgumentError("no address of a controller");
  std::unique_ptr<Dialer> dialer(new Dialer(std::move(parsed), core, loop, std::move(log), std::move(tls)));
  dialer->Dial();
  return dialer;
}

Dialer::Dialer(std::vector<net::Address> addresses, ControlCore* core, event::Loop* loop,
               absl::AnyInvocable<void(std::string_view line)> log, api::MutualTls tls)
    : addresses_(std::move(addresses)),
      core_(core),
      loop_(loop),
      log_(std::move(log)),
      tls_(std::move(tls)),
      pause_(std::random_device()(), loop->now_ms()),
      told_(addresses_.size()) {}

Dialer::~Dialer() {
  if (stream_ != nullptr) stream_->Abandon();
}

const net::Address* Dialer::controller() const {
  return stream_ != nullptr && stream_->heard() ? &addresses_[next_] : nullptr;
}

void Dialer::Dial() {
  dialled_at_ms_ = loop_->now_ms();
  stream_ = ControllerStream::Dial(addresses_[next_], tls_, core_, loop_,
                                   [this](const ControllerStream::Ending& ending) { OnEnded(ending); });
}

void Dialer::OnEnded(const ControllerStream::Ending& ending) {
  stream_.reset();
  const absl::Status& status = ending.status;
  std::string why = status.ok() ? "the controller ended the stream" : std::string(base::FromAbsl(status.message()));
  if (!ending.heard && WantsTls(addresses_[next_])) why = api::ExplainFailure(why, tls_, "--control_");
  const uint64_t now_ms = loop_->now_ms();
  const bool settled = ending.heard && now_ms - dialled_at_ms_ >= kSettledMs;
  if (settled) {
    pause_.BeginAnew(now_ms);
  } else {
    if (ending.heard) pause_.NoteConversation(now_ms - dialled_at_ms_);
    pause_.Note(ResultOf(ending));
  }
  const size_t after = settled ? 0 : (next_ + 1) % addresses_.size();
  if (after != 0) {
    Tell(why, base::StrCat("dialling ", addresses_[after].ToString()));
    next_ = after;
    return Dial();
  }
  const uint64_t pause_ms = pause_.NextMs(now_ms);
  Tell(why, base::StrCat("dialling ", addresses_[0].ToString(), " in ", pause_ms, " ms"));
  next_ = 0;
  loop_->timers().Schedule(&delay_timer_, pause_ms);
}

void Dialer::Tell(const std::string& why, std::string_view what_next) {
  Told& told = told_[next_];
  const uint64_t now_ms = loop_->now_ms();
  if (told.why == why && now_ms - told.at_ms < kTellAgainMs) return;
  told = {why, now_ms};
  log_(base::StrCat("controller ", addresses_[next_].ToString(), " lost: ", why, "; ", what_next));
}

}  // namespace fairlead::control
