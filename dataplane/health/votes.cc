#include "dataplane/health/votes.h"

#include <algorithm>
#include <utility>

#include "dataplane/base/absl_strings.h"

namespace fairlead::health {

using config::Health;

void Votes::End(Vote& vote) {
  vote.health = Health::kUnknown;
  vote.run = 0;
  vote.leased = false;
  std::string().swap(vote.reason);
}

Vote* Votes::Find(std::string_view author) {
  for (Vote& vote : votes_) {
    if (vote.author.view() == author) return &vote;
  }
  return nullptr;
}

Vote* Votes::Add(std::string_view author, AuthorPool* authors) {
  Vote* place = nullptr;
  if (votes_.size() < kMaxReporters) {
    place = &votes_.emplace_back();
  } else {
    for (Vote& vote : votes_) {
      if (!vote.leased && (place == nullptr || vote.expires_ms < place->expires_ms)) place = &vote;
    }
    if (place == nullptr) return nullptr;
    *place = Vote();
  }
  place->author = authors->Get(author);
  return place;
}

// Whether `report` comes after `last`, of the same author. On success the numbers are those that the report has: its
// own, or the next ones where it has none.
absl::Status Votes::CheckOrder(const Report& report, const Vote& last, uint64_t* incarnation, uint64_t* sequence) {
  // A reporter that numbers nothing has no old reports: what it sends follows what came, even where another version of
  // it had numbered.
  const bool unnumbered = report.incarnation == 0 && report.sequence == 0;
  *incarnation = unnumbered ? last.incarnation : report.incarnation;
  if (*incarnation < last.incarnation) {
    return absl::FailedPreconditionError(base::StrCat("incarnation ", report.incarnation, ": stale, ", last.incarnation,
                                                      " was seen; send that or a higher one"));
  }
  const uint64_t seen = *incarnation > last.incarnation ? 0 : last.sequence;
  if (report.sequence == 0 ? seen == UINT64_MAX : report.sequence <= seen) {
    return absl::FailedPreconditionError(base::StrCat("sequence ", report.sequence, ": stale, ", seen,
                                                      " was seen; send a greater one, or a higher incarnation"));
  }
  *sequence = report.sequence == 0 ? seen + 1 : report.sequence;
  return absl::OkStatus();
}

absl::Status Votes::Take(const Report& report, const config::HealthRules& rules, AuthorPool* authors, uint64_t arrival,
                         uint64_t now_ms, Refusal* refusal) {
  Vote* vote = Find(report.reporter);
  uint64_t incarnation = report.incarnation;
  uint64_t sequence = std::max<uint64_t>(report.sequence, 1);
  if (vote != nullptr) {
    if (absl::Status status = CheckOrder(report, *vote, &incarnation, &sequence); !status.ok()) {
      *refusal = Refusal::kStale;
      return status;
    }
  } else if (vote = Add(report.reporter, authors); vote == nullptr) {
    *refusal = Refusal::kTooManyReporters;
    return absl::ResourceExhaustedError(base::StrCat("reporter \"", report.reporter, "\": ", kMaxReporters,
                                                     " others speak of this server, which is the limit; report under "
                                                     "one of their names"));
  }

  vote->incarnation = incarnation;
  vote->sequence = sequence;
  vote->arrival = arrival;
  vote->ttl_ms = static_cast<uint32_t>(report.ttl_ms);
  vote->expires_ms = now_ms + report.ttl_ms;
  if (report.status == Health::kUnknown) {
    vote->ttl_ms = 0;
    vote->expires_ms = now_ms;
    vote->said = Health::kUnknown;
    End(*vote);
    return absl::OkStatus();
  }
  const bool says_down = report.status == Health::kDown;
  const bool goes_on = vote->run > 0 && (vote->said == Health::kDown) == says_down;
  vote->run = goes_on ? std::min<uint8_t>(vote->run + 1, Vote::kMaxRun) : 1;
  vote->said = report.status;
  vote->leased = true;
  vote->reason = report.reason;
  const bool same_side = vote->lives() && (vote->health == Health::kDown) == says_down;
  if (same_side || vote->run >= (says_down ? rules.fall : rules.rise)) vote->health = report.status;
  return absl::OkStatus();
}

bool Votes::SetController(Health health, std::string_view reason, uint64_t arrival, uint64_t now_ms) {
  if (health == Health::kUnknown) return std::exchange(controller_, nullptr) != nullptr;
  if (controller_ != nullptr && controller_->health == health && controller_->reason == reason) return false;
  controller_ = std::make_unique<ControllerWord>(
      ControllerWord{.health = health, .arrival = arrival, .said_ms = now_ms, .reason = std::string(reason)});
  return true;
}

bool Votes::Restore(Vote vote) {
  if (votes_.size() == kMaxReporters || Find(vote.author.view()) != nullptr) return false;
  votes_.push_back(std::move(vote));
  return true;
}

uint64_t Votes::FirstLeaseEnd() const {
  uint64_t first = kNever;
  for (const Vote& vote : votes_) {
    if (vote.leased) first = std::min(first, vote.expires_ms);
  }
  return first;
}

int Votes::EndLeases(uint64_t now_ms) {
  int ended = 0;
  for (Vote& vote : votes_) {
    if (!vote.leased || vote.expires_ms > now_ms) continue;
    End(vote);
    ++ended;
  }
  return ended;
}

void Votes::EndAll() {
  for (Vote& vote : votes_) End(vote);
  controller_ = nullptr;
}

}  // namespace fairlead::health
