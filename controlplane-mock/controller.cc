#include "controlplane-mock/controller.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "controlplane-mock/misbehaviour.h"

namespace fairlead::controlplane_mock {

uint64_t Controller::SystemTimeUs() { return static_cast<uint64_t>(absl::ToUnixMicros(absl::Now())); }

Controller::Controller(ControllerSettings settings, TransactionIds ids, EventSink on_event,
                       FleetChange::WallClock wall_clock)
    : settings_(std::move(settings)),
      ids_(std::move(ids)),
      on_event_(std::move(on_event)),
      mandate_{.leader_epoch = settings_.leader_epoch},
      waiting_room_(settings_.patience) {
  if (!settings_.fleet) return;
  fleet_.emplace(*settings_.fleet, std::move(wall_clock),
                 [this](const std::string& text) { on_event_({.kind = ProxyEvent::Kind::kFleet, .text = text}); });
}

void Controller::SetDesired(v1::Snapshot snapshot, TimePoint now) {
  // The first is what whoever connects is brought to.
  if (!fleet_ || desired_.generation() == 0) return Desire(std::move(snapshot), now);
  next_ = MakeState(std::move(snapshot));
  BeginFleetChangeIfDue(now);
}

void Controller::BeginFleetChangeIfDue(TimePoint now) {
  if (next_ == nullptr || fleet_->under_way()) return;
  const std::map<std::string, ProxySession*> proxies = connected();
  if (std::any_of(proxies.begin(), proxies.end(), [](const auto& proxy) { return !proxy.second->idle(); })) return;
  const StatePtr target = std::exchange(next_, nullptr);
  if (proxies.empty()) return Desire(target->snapshot, now);
  fleet_->Begin(
      ids_.Next(), target, proxies, [this, target](TimePoint decided) { Desire(target->snapshot, decided); }, now);
}

void Controller::Desire(v1::Snapshot snapshot, TimePoint now) {
  desired_.Set(std::move(snapshot));
  for (auto& [key, stream] : streams_) stream.session->OnDesiredChanged(now);
}

void Controller::Lead(uint64_t epoch, TimePoint until, TimePoint now) {
  const bool is_only_renewed = mandate_.holds(now) && mandate_.leader_epoch == epoch;
  mandate_ = {.until = until, .leader_epoch = epoch};
  leader_.reset();
  if (is_only_renewed) return;
  for (auto& [key, stream] : streams_) {
    stream.leaves_at = TimePoint::max();
    stream.session->OnMandateChanged(now);
  }
}

void Controller::StandBy(const std::string& leader, TimePoint now) {
  if (leader_ == leader) return;
  leader_ = leader;
  mandate_.until = TimePoint::min();
  if (!leader.empty()) waiting_room_.OnNewLeader();
  for (auto& [key, stream] : streams_) {
    if (leader.empty()) {
      stream.leaves_at = std::min(stream.leaves_at, waiting_room_.Patience(now));
    } else {
      SendOn(stream);
    }
  }
}

void Controller::LetWait(Stream& stream, TimePoint now) {
  if (!leader_ || !stream.session->hello() || stream.session->ended() || stream.leaves_at != TimePoint::max()) return;
  stream.leaves_at = waiting_room_.Admit(stream.session->hello()->node_id(), !leader_->empty(), now);
  if (stream.leaves_at <= now) SendOn(stream);
}

void Controller::SendOn(Stream& stream) {
  if (stream.session->ended()) return;
  stream.session->EndStream(
      absl::UnavailableError(leader_->empty() ? "this controller does not lead" : absl::StrCat(*leader_, " leads")));
}

void Controller::OnOpened(ProxyStream* stream, TimePoint now) {
  auto session = std::make_unique<ProxySession>(
      settings_.session, &desired_, &mandate_, &ids_, stream, [this](const ProxyEvent& event) { Record(event); }, now);
  streams_.emplace(stream, Stream{.session = std::move(session)});
}

void Controller::OnMessage(ProxyStream* stream, const v1::FromProxy& message, TimePoint now) {
  Stream& entry = streams_.at(stream);
  entry.session->OnMessage(message, now);
  LetWait(entry, now);
  if (fleet_) {
    fleet_->OnMessage(entry.session.get(), message, now);
    BeginFleetChangeIfDue(now);
  }
  MisbehaveIfDue(entry, now);
}

void Controller::OnClosed(ProxyStream* stream, const absl::Status& reason) {
  ProxySession& session = *streams_.at(stream).session;
  session.OnClosed(reason);
  if (fleet_) fleet_->OnClosed(&session);
  streams_.erase(stream);
}

void Controller::OnTime(TimePoint now) {
  for (auto& [key, stream] : streams_) {
    stream.session->OnTime(now);
    if (leader_ && stream.leaves_at <= now) SendOn(stream);
  }
  if (!fleet_) return;
  fleet_->OnTime(now);
  BeginFleetChangeIfDue(now);
}

TimePoint Controller::NextDeadline() const {
  TimePoint next = fleet_ ? fleet_->NextDeadline() : TimePoint::max();
  for (const auto& [key, stream] : streams_) {
    next = std::min(next, stream.session->NextDeadline());
    if (!stream.session->ended()) next = std::min(next, stream.leaves_at);
  }
  return next;
}

void Controller::EndAll(const absl::Status& reason) {
  for (auto& [stream, entry] : streams_) stream->End(reason);
}

std::map<std::string, ProxySession*> Controller::connected() const {
  std::map<std::string, ProxySession*> sessions;
  for (const auto& [key, stream] : streams_) {
    const std::optional<v1::Hello>& hello = stream.session->hello();
    if (hello) sessions.emplace(hello->node_id(), stream.session.get());
  }
  return sessions;
}

void Controller::Record(const ProxyEvent& event) {
  if (!event.node_id.empty()) {
    ProxyRecord& proxy = proxies_[event.node_id];
    if (event.kind != ProxyEvent::Kind::kLost) {  // the proxy may have another stream, which knows better
      proxy.revision = event.revision;
      proxy.fingerprint = event.fingerprint;
    }
    switch (event.kind) {
      case ProxyEvent::Kind::kConnected:
        proxy.zone = event.zone;
        ++proxy.streams;
        proxy.last_error.clear();
        break;
      case ProxyEvent::Kind::kApplied:
        proxy.last_error.clear();
        break;
      case ProxyEvent::Kind::kRejected:
        proxy.last_error = event.text;
        break;
      case ProxyEvent::Kind::kLost:
        --proxy.streams;
        proxy.last_error = event.text;
        break;
      default:
        break;
    }
  }
  on_event_(event);
}

void Controller::MisbehaveIfDue(Stream& stream, TimePoint now) {
  if (settings_.misbehaviours.empty() || leader_ || stream.has_misbehaved || !stream.session->idle()) return;
  stream.has_misbehaved = true;
  for (const Misbehaviour& misbehaviour : settings_.misbehaviours) Misbehave(misbehaviour, *stream.session, now);
}

}  // namespace fairlead::controlplane_mock
