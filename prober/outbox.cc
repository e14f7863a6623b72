#include "prober/outbox.h"

#include <algorithm>
#include <utility>

#include "api/yaml/concat.h"

namespace fairlead::prober {
namespace {

// The least that a report may live.
constexpr std::chrono::milliseconds kLeastTtl(10);

std::string NameOf(const Vote& vote) { return api::Concat(vote.backend, "/", vote.server); }

void SetTtl(std::chrono::milliseconds ttl, v1::HealthReport& report) {
  report.mutable_ttl()->set_seconds(ttl.count() / 1'000);
  report.mutable_ttl()->set_nanos(static_cast<int32_t>(ttl.count() % 1'000 * 1'000'000));
}

}  // namespace

void Outbox::Put(std::shared_ptr<const Vote> vote) {
  std::string name = NameOf(*vote);
  Entry& entry = votes_[name];
  entry.vote = std::move(vote);
  if (!std::exchange(entry.unsent, true)) unsent_.push_back(std::move(name));
}

v1::HealthReportBatch Outbox::Take(size_t most, Time now, uint64_t& sequence) {
  v1::HealthReportBatch batch;
  const size_t count = std::min(most, unsent_.size());
  for (size_t i = 0; i < count; ++i) {
    const auto found = votes_.find(unsent_[i]);
    const std::shared_ptr<const Vote> vote = found->second.vote;
    found->second.unsent = false;
    const auto left = vote->ttl - std::chrono::ceil<std::chrono::milliseconds>(now - vote->made_at);
    const bool withdrawn = vote->status == v1::Health::UNKNOWN;
    if (withdrawn || left < kLeastTtl) votes_.erase(found);
    if (withdrawn) withdrawing_.push_back(vote);
    if (!withdrawn && left < kLeastTtl) continue;
    v1::HealthReport& report = *batch.add_reports();
    report.set_backend(vote->backend);
    report.set_server(vote->server);
    report.set_status(vote->status);
    report.set_reason(vote->reason);
    report.set_sequence(++sequence);
    if (!withdrawn) SetTtl(left, report);
  }
  unsent_.erase(unsent_.begin(), unsent_.begin() + static_cast<std::ptrdiff_t>(count));
  return batch;
}

void Outbox::Begin() {
  for (std::shared_ptr<const Vote>& vote : withdrawing_) {
    if (!votes_.contains(NameOf(*vote))) Put(std::move(vote));
  }
  withdrawing_.clear();
  for (auto& [name, entry] : votes_) {
    if (!std::exchange(entry.unsent, true)) unsent_.push_back(name);
  }
}

}  // namespace fairlead::prober
