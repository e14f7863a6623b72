#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dataplane/config/server.h"
#include "dataplane/health/backend_state.h"
#include "dataplane/health/judgement.h"
#include "dataplane/health/votes.h"

namespace fairlead::health {

// The last decisions of all servers, so that what an access log says of a while ago can still be traced to who decided
// it. 4,096 of them, in 400 KB. For one thread.
class DecisionLog {
 public:
  static constexpr size_t kMaxDecisions = 4'096;

  struct Entry {
    BackendName backend;
    std::string server;
    config::Health from = config::Health::kUnknown;
    config::Health to = config::Health::kUnknown;
    Judgement::Basis basis = Judgement::Basis::kNobody;
    uint64_t at_ms = 0;
    uint64_t revision = 0;  // that was in force then
    Author author;          // of the last vote that counted then, if one did
  };

  void Add(Entry entry) {
    ++total_;
    if (entries_.size() < kMaxDecisions) {
      entries_.push_back(std::move(entry));
    } else {
      entries_[next_] = std::move(entry);
      next_ = (next_ + 1) % kMaxDecisions;
    }
  }

  // Those of one server, the newest first. Costs a look at each.
  template <typename Visit>
  void ForEachOf(std::string_view backend, std::string_view server, Visit visit) const {
    for (size_t i = entries_.size(); i > 0; --i) {
      const Entry& entry = entries_[(next_ + i - 1) % entries_.size()];
      if (entry.server == server && entry.backend.view() == backend) visit(entry);
    }
  }
  // Since the start.
  uint64_t total() const { return total_; }

 private:
  std::vector<Entry> entries_;
  size_t next_ = 0;  // the oldest, once all places are taken
  uint64_t total_ = 0;
};

}  // namespace fairlead::health
