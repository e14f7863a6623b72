#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "dataplane/config/server.h"
#include "dataplane/health/decision.h"
#include "dataplane/health/name_pool.h"
#include "dataplane/health/report.h"
#include "dataplane/health/vote.h"

namespace fairlead::health {

// What each author said about one server, and the decision that follows. A part of HealthTable, which gives it the time
// (milliseconds), the names, and a number that grows with every word of any server.
class ServerWords {
 public:
  // Authors remembered, besides the controller.
  static constexpr size_t kMaxReporters = 64;
  static constexpr uint64_t kNever = UINT64_MAX;

  explicit ServerWords(uint64_t now_ms) { decision_.since_ms = now_ms; }

  const Decision& decision() const { return decision_; }

  // Takes a report that CheckReport allows. FAILED_PRECONDITION when it is stale, RESOURCE_EXHAUSTED when it would need
  // one more author than the limit: then nothing has changed.
  absl::Status Take(const Report& report, NamePool* names, uint64_t arrival, uint64_t now_ms);

  // The controller's word; kUnknown takes it back. The one that holds already, with the same reason, changes nothing.
  void SetControllerWord(config::Health health, std::string_view reason, NamePool* names, uint64_t arrival,
                         uint64_t now_ms);
  config::Health controller_word() const;
  // What would be decided without the controller's word.
  config::Health HealthByReports() const;

  // Calls `visit(vote)` with each claim of a reporter that lives.
  template <typename Visit>
  void ForEachVote(Visit visit) const {
    for (const Word& word : words_) {
      if (word.health == config::Health::kUnknown || word.author.view() == kControllerAuthor) continue;
      visit(Vote{.reporter = word.author.view(),
                 .status = word.health,
                 .reason = word.reason,
                 .incarnation = word.incarnation,
                 .sequence = word.sequence,
                 .expires_ms = word.expires_ms,
                 .arrival = word.arrival});
    }
  }

  // Ends the claims of reporters of whom `ended(author)` says so. False: there were none.
  template <typename Ended>
  bool EndWords(Ended ended, uint64_t now_ms) {
    bool any = false;
    for (Word& word : words_) {
      if (word.health == config::Health::kUnknown || word.author.view() == kControllerAuthor) continue;
      if (!ended(word.author.view())) continue;
      word.End();
      any = true;
    }
    if (any) Decide(now_ms);
    return any;
  }

  // When the next claim ends; kNever: none does.
  uint64_t FirstLeaseEnd() const;
  // Ends the claims whose time has come. Returns how many.
  int EndLeases(uint64_t now_ms);

 private:
  struct Word {
    NamePool::Name author;
    config::Health health = config::Health::kUnknown;  // kUnknown: withdrawn or ended, kept for what follows alone
    uint64_t incarnation = 0;
    uint64_t sequence = 0;
    uint64_t arrival = 0;
    uint64_t expires_ms = kNever;
    std::string reason;

    // It says nothing any more.
    void End();
  };

  static absl::Status CheckOrder(const Report& report, const Word& last, uint64_t* sequence);
  // The author's word; null when there is none.
  Word* Find(std::string_view author) { return FindIn(words_, author); }
  const Word* Find(std::string_view author) const { return FindIn(words_, author); }
  template <typename Words>
  static auto FindIn(Words& words, std::string_view author) -> decltype(&words.front()) {
    for (auto& word : words) {
      if (word.author.view() == author) return &word;
    }
    return nullptr;
  }
  // Of the words that live and count, the last to arrive; null: none does.
  template <typename Counts>
  const Word* LastAlive(Counts counts) const {
    const Word* last = nullptr;
    for (const Word& word : words_) {
      if (word.health == config::Health::kUnknown || !counts(word)) continue;
      if (last == nullptr || word.arrival > last->arrival) last = &word;
    }
    return last;
  }
  void Decide(uint64_t now_ms);

  std::vector<Word> words_;  // one for each author
  Decision decision_;
};

}  // namespace fairlead::health
