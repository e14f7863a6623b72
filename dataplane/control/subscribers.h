#pragma once

#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "dataplane/control/changes.h"

namespace fairlead::control {

// Those who want to hear of each change. On the control thread; outlives its subscriptions.
class Subscribers {
 public:
  using OnChange = absl::AnyInvocable<void(const Changes&)>;

  // Calls `on_change` until it is destroyed, which it may be from within the call.
  class Subscription {
   public:
    Subscription(Subscribers* subscribers, OnChange on_change);
    ~Subscription();
    Subscription(const Subscription&) = delete;
    Subscription& operator=(const Subscription&) = delete;

   private:
    friend class Subscribers;
    Subscribers* const subscribers_;
    OnChange on_change_;
  };

  // In the order in which they came; those that come meanwhile hear of the next change.
  void Notify(const Changes& changes);

 private:
  std::vector<Subscription*> list_;  // null: ended
};

}  // namespace fairlead::control
