#pragma once

#include <cstdint>

#include "dataplane/base/intrusive_list.h"
#include "dataplane/upstream/shared_connection.h"

namespace fairlead::upstream {

// The shared connections of one server: few, since each carries many exchanges. Part of a Server.
class SharedConnections {
 public:
  // The one that the next exchange is to use, by FindRoom; null: none has room.
  SharedConnection* found() const { return found_; }
  // Those made first come first, so that what is not needed gets idle. One that is idle must satisfy `may_use`.
  template <typename MayUse>
  bool FindRoom(MayUse may_use) {
    found_ = nullptr;
    ForEach([&](SharedConnection* connection) {
      if (found_ != nullptr || !connection->HasRoom()) return;
      if (!connection->idle() || may_use(connection)) found_ = connection;
    });
    return found_ != nullptr;
  }
  bool HasRoom() {
    bool found = false;
    ForEach([&](SharedConnection* connection) { found = found || (connection->HasRoom() && !connection->idle()); });
    return found;
  }

  void Add(SharedConnection* connection) { all_.PushBack(connection); }
  void AddAwaiting(SharedConnection* connection) { awaiting_.PushBack(connection); }
  // For a place that was claimed; null: none waits for one any more.
  SharedConnection* TakeAwaiting() {
    if (awaiting_.empty()) return nullptr;
    SharedConnection* const connection = awaiting_.front();
    Add(connection);
    return connection;
  }
  // One that nobody uses; null: there is none.
  SharedConnection* FindIdle() {
    SharedConnection* idle = nullptr;
    all_.ForEach([&](SharedConnection* connection) {
      if (connection->idle()) idle = connection;
    });
    return idle;
  }

  // Calls `visit` with each, which may close it, and no other.
  template <typename Visit>
  void ForEach(Visit visit) {
    all_.ForEach(visit);
    awaiting_.ForEach(visit);
  }

 private:
  base::IntrusiveList<SharedConnection> all_;
  base::IntrusiveList<SharedConnection> awaiting_;  // a place that was claimed for them; first come, first
  SharedConnection* found_ = nullptr;
};

}  // namespace fairlead::upstream
