#include "controlplane-mock/fake_proxy.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "api/fingerprint/fingerprint.h"
#include "controlplane-mock/state_edits.h"

namespace fairlead::controlplane_mock {

std::string FakeProxy::Fingerprint() const { return api::OfSnapshot(state_).ToHex(); }

v1::FromProxy FakeProxy::Hello() const {
  v1::FromProxy message;
  v1::Hello& hello = *message.mutable_hello();
  hello.set_protocol_version(1);
  hello.set_node_id(node_id_);
  hello.set_zone("a");
  if (can_prepare) hello.add_capabilities("prepare");
  hello.set_revision(revision_);
  hello.set_fingerprint(Fingerprint());
  hello.set_leader_epoch(leader_epoch_);
  hello.set_heartbeat_interval_ms(1000);
  hello.set_heartbeat_timeout_ms(3000);
  return message;
}

void FakeProxy::Set(v1::Snapshot state) {
  state_ = std::move(state);
  ++revision_;
}

std::vector<v1::FromProxy> FakeProxy::Answer(const v1::ToProxy& message) {
  if (message.has_transaction()) return {Answer(message.transaction())};
  if (message.has_prepare()) return {Answer(message.prepare())};
  if (message.has_commit()) return {Answer(message.commit())};
  if (message.has_abort()) return {Answer(message.abort())};
  if (message.has_get_clock()) {
    v1::FromProxy answer;
    v1::Clock& clock = *answer.mutable_clock();
    clock.set_request_id(message.get_clock().request_id());
    clock.set_received_us(static_cast<uint64_t>(static_cast<int64_t>(now_us) + skew_us));
    clock.set_sent_us(clock.received_us());
    return {answer};
  }
  if (!message.has_get()) return {};
  v1::FromProxy answer;
  v1::StateReport& report = *answer.mutable_state_report();
  report.set_request_id(message.get().request_id());
  report.set_revision(revision_);
  report.set_fingerprint(Fingerprint());
  *report.mutable_config() = state_;
  return {answer};
}

v1::FromProxy FakeProxy::Answer(const v1::Transaction& transaction) {
  const std::string bytes = transaction.SerializeAsString();
  if (const auto known = answered_.find(transaction.id()); known != answered_.end()) {
    return known->second.first == bytes ? known->second.second : Reject(transaction, v1::Violation::ID_REUSED, "id");
  }
  v1::FromProxy answer = Carry(transaction);
  answered_[transaction.id()] = {bytes, answer};
  return answer;
}

v1::FromProxy FakeProxy::Answer(const v1::Prepare& prepare) {
  FakeProxy trial = *this;
  v1::FromProxy answer = trial.Carry(prepare.transaction());
  if (answer.has_rejected()) return answer;
  held_ = prepare.transaction();
  v1::Prepared prepared;
  prepared.set_transaction_id(held_->id());
  prepared.set_revision(trial.revision_);
  *answer.mutable_prepared() = prepared;
  return answer;
}

v1::FromProxy FakeProxy::Answer(const v1::Commit& commit) {
  v1::Transaction named;
  named.set_id(commit.transaction_id());
  if (!held_ || held_->id() != commit.transaction_id()) return Reject(named, v1::Violation::ABORTED, "");
  if (commit.leader_epoch() < leader_epoch_) return Reject(named, v1::Violation::STALE_LEADER_EPOCH, "leader_epoch");
  v1::FromProxy answer = Carry(*held_);
  held_.reset();
  answer.mutable_applied()->set_switched_us(commit.at_us() + lateness_us);
  return answer;
}

v1::FromProxy FakeProxy::Answer(const v1::Abort& abort) {
  held_.reset();
  v1::Transaction named;
  named.set_id(abort.transaction_id());
  return Reject(named, v1::Violation::ABORTED, "");
}

v1::FromProxy FakeProxy::Carry(const v1::Transaction& transaction) {
  if (transaction.has_base_revision() && transaction.base_revision() != revision_) {
    return Reject(transaction, v1::Violation::STALE_BASE_REVISION, "base_revision");
  }
  if (transaction.has_leader_epoch()) {
    if (transaction.leader_epoch() < leader_epoch_) {
      return Reject(transaction, v1::Violation::STALE_LEADER_EPOCH, "leader_epoch");
    }
    leader_epoch_ = transaction.leader_epoch();
  }
  v1::Snapshot next = transaction.has_snapshot() ? transaction.snapshot() : state_;
  if (!ApplyOperations(transaction.operations(), next).ok()) {
    return Reject(transaction, v1::Violation::NOT_FOUND, "backends");
  }
  for (const v1::Backend& backend : next.backends()) {
    for (const v1::Server& server : backend.servers()) {
      if (server.address() != kBadAddress) continue;
      return Reject(transaction, v1::Violation::INVALID_ARGUMENT,
                    absl::StrCat("backends[\"", backend.id(), "\"].servers[\"", server.id(), "\"].address"));
    }
  }
  const std::string fingerprint_before = Fingerprint();
  state_ = std::move(next);
  if (Fingerprint() != fingerprint_before) ++revision_;
  v1::FromProxy answer;
  v1::Applied& applied = *answer.mutable_applied();
  applied.set_transaction_id(transaction.id());
  applied.set_revision(revision_);
  applied.set_fingerprint(Fingerprint());
  return answer;
}

v1::FromProxy FakeProxy::Reject(const v1::Transaction& transaction, v1::Violation::Code code,
                                const std::string& path) const {
  v1::FromProxy answer;
  v1::Rejected& rejected = *answer.mutable_rejected();
  rejected.set_transaction_id(transaction.id());
  rejected.set_revision(revision_);
  rejected.set_fingerprint(Fingerprint());
  v1::Violation& violation = *rejected.add_violations();
  violation.set_code(code);
  violation.set_path(path);
  violation.set_message("refused");
  return answer;
}

}  // namespace fairlead::controlplane_mock
