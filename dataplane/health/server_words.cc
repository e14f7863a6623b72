#include "dataplane/health/server_words.h"

#include <algorithm>

#include "dataplane/base/absl_strings.h"

namespace fairlead::health {

using config::Health;

void ServerWords::Word::End() {
  health = Health::kUnknown;
  expires_ms = kNever;
  std::string().swap(reason);
}

// Whether `report` comes after `last`, of the same author. On success `*sequence` is the report's own, or the next one
// where it has none.
absl::Status ServerWords::CheckOrder(const Report& report, const Word& last, uint64_t* sequence) {
  if (report.incarnation < last.incarnation) {
    return absl::FailedPreconditionError(base::StrCat("incarnation ", report.incarnation, ": stale, ", last.incarnation,
                                                      " was seen; send that or a higher one"));
  }
  const uint64_t seen = report.incarnation > last.incarnation ? 0 : last.sequence;
  if (report.sequence == 0 ? seen == UINT64_MAX : report.sequence <= seen) {
    return absl::FailedPreconditionError(base::StrCat("sequence ", report.sequence, ": stale, ", seen,
                                                      " was seen; send a greater one, or a higher incarnation"));
  }
  *sequence = report.sequence == 0 ? seen + 1 : report.sequence;
  return absl::OkStatus();
}

absl::Status ServerWords::Take(const Report& report, NamePool* names, uint64_t arrival, uint64_t now_ms) {
  Word* word = Find(report.reporter);
  uint64_t sequence = std::max<uint64_t>(report.sequence, 1);
  if (word != nullptr) {
    if (absl::Status status = CheckOrder(report, *word, &sequence); !status.ok()) return status;
  } else {
    const size_t reporters = words_.size() - (Find(kControllerAuthor) == nullptr ? 0 : 1);
    if (reporters == kMaxReporters) {
      return absl::ResourceExhaustedError(base::StrCat("reporter \"", report.reporter, "\": ", kMaxReporters,
                                                       " others have spoken of this server, which is the limit; report "
                                                       "under one of their names"));
    }
    word = &words_.emplace_back();
    word->author = names->Get(report.reporter);
  }

  word->incarnation = report.incarnation;
  word->sequence = sequence;
  word->arrival = arrival;
  if (report.status == Health::kUnknown) {
    word->End();
  } else {
    word->health = report.status;
    word->expires_ms = now_ms + report.ttl_ms;
    word->reason = report.reason;
  }
  Decide(now_ms);
  return absl::OkStatus();
}

void ServerWords::SetControllerWord(Health health, std::string_view reason, NamePool* names, uint64_t arrival,
                                    uint64_t now_ms) {
  Word* word = Find(kControllerAuthor);
  if (health == Health::kUnknown) {
    if (word == nullptr) return;
    words_.erase(words_.begin() + (word - words_.data()));
  } else {
    if (word == nullptr) {
      word = &words_.emplace_back();
      word->author = names->Get(kControllerAuthor);
    } else if (word->health == health && word->reason == reason) {
      return;
    }
    word->health = health;
    word->reason = reason;
    word->arrival = arrival;
  }
  Decide(now_ms);
}

Health ServerWords::controller_word() const {
  const Word* word = Find(kControllerAuthor);
  return word == nullptr ? Health::kUnknown : word->health;
}

Health ServerWords::HealthByReports() const {
  const Word* last = LastAlive([](const Word& word) { return word.author.view() != kControllerAuthor; });
  return last == nullptr ? Health::kUnknown : last->health;
}

uint64_t ServerWords::FirstLeaseEnd() const {
  uint64_t first = kNever;
  for (const Word& word : words_) first = std::min(first, word.expires_ms);
  return first;
}

int ServerWords::EndLeases(uint64_t now_ms) {
  int ended = 0;
  for (Word& word : words_) {
    if (word.expires_ms > now_ms) continue;
    word.End();
    ++ended;
  }
  if (ended > 0) Decide(now_ms);
  return ended;
}

// Makes the decision follow from the words: of those that live, the last to arrive.
void ServerWords::Decide(uint64_t now_ms) {
  const Word* last = LastAlive([](const Word&) { return true; });
  const Health health = last == nullptr ? Health::kUnknown : last->health;
  if (decision_.health != health) decision_.since_ms = now_ms;
  decision_.health = health;
  if (last == nullptr) {
    decision_.decided_by.clear();
    decision_.reason.clear();
    decision_.expires_ms = 0;
  } else {
    decision_.decided_by = last->author.view();
    decision_.reason = last->reason;
    decision_.expires_ms = last->expires_ms == kNever ? 0 : last->expires_ms;
  }
}

}  // namespace fairlead::health
