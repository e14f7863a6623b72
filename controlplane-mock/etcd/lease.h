#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "controlplane-mock/clock.h"

namespace fairlead::controlplane_mock::etcd {

// What this side may believe of a lease that etcd has granted. etcd counts from when it carried out the last renewal;
// here time counts from when that was asked for, which is earlier, and a tenth is left out for clocks that do not run
// alike: so it is over here before it is over there. Reads no clock. Part of a Store.
class Lease {
 public:
  void Granted(int64_t id, std::chrono::seconds ttl, TimePoint asked) {
    id_ = id;
    KeptAlive(ttl, asked);
  }
  void KeptAlive(std::chrono::seconds ttl, TimePoint asked) {
    ttl_ = ttl;
    asked_ = std::max(asked_, asked);
  }
  // etcd knows it no more.
  void Lost() { *this = Lease(); }

  // 0: there is none.
  int64_t id() const { return id_; }
  // Until when nobody else can have what hangs on it.
  TimePoint safe_until() const { return id_ == 0 ? TimePoint::min() : asked_ + ttl_ - ttl_ / 10; }
  // When to renew it.
  TimePoint renew_at() const { return id_ == 0 ? TimePoint::max() : asked_ + ttl_ / 3; }

 private:
  int64_t id_ = 0;
  std::chrono::milliseconds ttl_{0};
  TimePoint asked_ = TimePoint::min();
};

}  // namespace fairlead::controlplane_mock::etcd
