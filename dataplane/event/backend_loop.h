#pragma once

#include <cstdint>
#include <vector>

#include "dataplane/event/loop.h"
#include "dataplane/event/loop_object.h"

namespace fairlead::event {

// What both backends share: the order of a turn, work put off to later in the turn, and objects that are freed at its
// end, when neither an event of this turn nor a function on the stack can refer to them.
class BackendLoop : public Loop {
 public:
  ~BackendLoop() override;
  void RunOnce(bool wait) final;

  void AddReady(LoopObject* object) final;
  void Retire(LoopObject* object) final;

 protected:
  BackendLoop() { ReadClock(); }

  // Waits for events, not longer than `timeout_ms` (kForever: without an end), and calls nobody.
  virtual void Wait(uint64_t timeout_ms) = 0;
  // Delivers the events that Wait brought.
  virtual void Deliver() = 0;
  static constexpr uint64_t kForever = UINT64_MAX;

 private:
  // What is put off while put-off work is done runs in the same turn, this many times over: enough for a request that
  // is answered at once, and a bound for a socket that never blocks.
  static constexpr int kReadyRounds = 4;

  void ReadClock();
  void RunReady();
  void FreeRetired();

  std::vector<LoopObject*> ready_;
  std::vector<LoopObject*> running_;  // the part of ready_ that runs now; here for its memory
  std::vector<LoopObject*> retired_;
};

}  // namespace fairlead::event
