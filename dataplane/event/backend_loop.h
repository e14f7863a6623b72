#pragma once

#include <cstdint>
#include <vector>

#include "dataplane/buffer/shared_block.h"
#include "dataplane/event/loop.h"

namespace fairlead::event {

// What a backend's loop calls back: a socket or an acceptor. On the heap; ends with BackendLoop::Retire.
class LoopObject {
 public:
  virtual ~LoopObject() = default;
  LoopObject(const LoopObject&) = delete;
  LoopObject& operator=(const LoopObject&) = delete;

  // Does what was put off by BackendLoop::AddReady. Not called after Close.
  virtual void OnReady() {}

 protected:
  LoopObject() = default;

  // Its owner has called Close: no handler is called any more.
  bool closed_ = false;

 private:
  friend class BackendLoop;

  bool ready_ = false;    // waits in the loop's list for OnReady
  bool retired_ = false;  // to be freed
};

// What both backends share: the order of a turn, work put off to later in the turn, and objects that are freed at its
// end, when neither an event of this turn nor a function on the stack can refer to them.
class BackendLoop : public Loop {
 public:
  ~BackendLoop() override;
  void RunOnce(bool wait) final;

  // Has `object` called later in this turn, never from inside this call.
  void AddReady(LoopObject* object);
  // Frees a closed object at the end of the turn. Once is enough, twice does no harm.
  void Retire(LoopObject* object);

  // Where bytes are received, or copied when there are few.
  buffer::SharedBlock& received() { return received_; }

 protected:
  BackendLoop() : received_(blocks_) { ReadClock(); }

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

  buffer::SharedBlock received_;
  std::vector<LoopObject*> ready_;
  std::vector<LoopObject*> running_;  // the part of ready_ that runs now; here for its memory
  std::vector<LoopObject*> retired_;
};

}  // namespace fairlead::event
