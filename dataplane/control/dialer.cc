#include "dataplane/control/dialer.h"

#include <random>
#include <utility>

#include "dataplane/base/absl_strings.h"
#include "dataplane/control/control_address.h"
#include "dataplane/control/controller_stream.h"

namespace fairlead::control {

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
      backoff_(std::random_device()()) {}

Dialer::~Dialer() {
  if (stream_ != nullptr) stream_->Abandon();
}

const net::Address* Dialer::controller() const {
  return stream_ != nullptr && stream_->heard() ? &addresses_[next_] : nullptr;
}

void Dialer::Dial() {
  dialled_at_ms_ = loop_->now_ms();
  stream_ = ControllerStream::Dial(addresses_[next_], tls_, core_, loop_,
                                   [this](const absl::Status& status, bool heard) { OnEnded(status, heard); });
}

void Dialer::OnEnded(const absl::Status& status, bool heard) {
  const std::string address = addresses_[next_].ToString();
  stream_.reset();
  std::string reason = status.ok() ? "the controller ended the stream" : std::string(base::FromAbsl(status.message()));
  if (!heard && WantsTls(addresses_[next_])) reason = api::ExplainFailure(reason, tls_, "--control_");
  const bool settled = heard && loop_->now_ms() - dialled_at_ms_ >= kSettledMs;
  if (settled) backoff_.Reset();
  next_ = settled ? 0 : (next_ + 1) % addresses_.size();
  if (next_ != 0) {
    log_(base::StrCat("controller ", address, " lost: ", reason, "; dialling ", addresses_[next_].ToString()));
    return Dial();
  }
  const uint64_t delay_ms = backoff_.NextDelayMs();
  log_(base::StrCat("controller ", address, " lost: ", reason, "; dialling ", addresses_[0].ToString(), " in ",
                    delay_ms, " ms"));
  loop_->timers().Schedule(&delay_timer_, delay_ms);
}

}  // namespace fairlead::control
