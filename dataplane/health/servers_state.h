#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "dataplane/config/snapshot.h"
#include "dataplane/health/health_table.h"
#include "dataplane/health/verb_actions.h"

namespace fairlead::health {

// The answer to `show servers state`, in the first version of HAProxy's format (management guide, §9.3), piece by
// piece: there may be 100,000 servers. What Fairlead has nothing for is what HAProxy says of a server without checks.
class ServersState {
 public:
  // Of one backend, or of all where it is empty; null: there is no such backend. The table and the actions outlive it.
  static std::unique_ptr<ServersState> Make(std::string_view backend, const HealthTable* table, VerbActions* actions,
                                            uint64_t now_ms);

  // Some KiB of whole lines; empty when it is over.
  std::string NextPiece();

 private:
  ServersState(std::shared_ptr<const config::Snapshot> snapshot, const HealthTable* table, VerbActions* actions,
               uint64_t now_ms)
      : snapshot_(std::move(snapshot)), table_(table), actions_(actions), now_ms_(now_ms) {}

  // The next server there is, in the order of slots; null: there is none left.
  const config::Server* NextServer();
  void AddLine(const config::Backend& backend, const config::Server& server, std::string& text);

  const std::shared_ptr<const config::Snapshot> snapshot_;
  const HealthTable* const table_;
  VerbActions* const actions_;
  const uint64_t now_ms_;
  size_t backend_ = 0;      // the slot at which it is
  size_t end_backend_ = 0;  // and the first that is not to be told
  size_t server_ = 0;       // the slot after the one that was told last
  bool begun_ = false;
};

}  // namespace fairlead::health
