#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "dataplane/base/absl_strings.h"
#include "dataplane/health/reporter.h"

namespace fairlead::health {

// The reporters that are known, by id: resources of the revision in force. On the control thread, owned by the health
// table.
class Reporters {
 public:
  // As long as there are none, everybody may report.
  bool empty() const { return reporters_.empty(); }
  // Null: there is none of this name.
  const Reporter* Find(std::string_view id) const {
    const auto place = reporters_.find(base::ToAbsl(id));
    return place == reporters_.end() ? nullptr : place->second.get();
  }
  // Grows with each change: what was found before may be gone.
  uint64_t generation() const { return generation_; }

  void Put(ReporterPtr reporter) {
    ++generation_;
    reporters_.insert_or_assign(reporter->id, std::move(reporter));
  }
  void Remove(std::string_view id) {
    ++generation_;
    reporters_.erase(base::ToAbsl(id));
  }

 private:
  absl::flat_hash_map<std::string, ReporterPtr> reporters_;
  uint64_t generation_ = 0;
};

}  // namespace fairlead::health
