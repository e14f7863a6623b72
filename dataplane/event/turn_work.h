#pragma once

namespace fairlead::event {

class TurnWork;

// An object with something to do when the callback that is running has ended: bytes to send together, or itself to
// destroy, which it can't while its own functions are on the stack.
class TurnWorker {
 public:
  // May add itself, or others, again; may destroy itself.
  virtual void RunTurnWork() = 0;

 protected:
  TurnWorker() = default;
  // Only when not waiting in a TurnWork.
  ~TurnWorker() = default;

 private:
  friend class TurnWork;
  TurnWorker* next_ = nullptr;
  bool waiting_ = false;
};

// Work that callbacks of one loop leave for their end. One for each worker, for its thread alone. TurnScope runs it.
class TurnWork {
 public:
  // Has `worker` run once, however often it is added before.
  void Add(TurnWorker* worker) {
    if (worker->waiting_) return;
    worker->waiting_ = true;
    *last_ = worker;
    last_ = &worker->next_;
  }

  // Has `worker` run before all that wait now, unless it waits already.
  void AddFirst(TurnWorker* worker) {
    if (first_ == nullptr || worker->waiting_) return Add(worker);
    worker->waiting_ = true;
    worker->next_ = first_;
    first_ = worker;
  }

 private:
  friend class TurnScope;

  // Runs all, in their order, and what they add.
  void Run() {
    while (first_ != nullptr) {
      TurnWorker* worker = first_;
      first_ = worker->next_;
      if (first_ == nullptr) last_ = &first_;
      worker->next_ = nullptr;
      worker->waiting_ = false;
      worker->RunTurnWork();
    }
  }

  TurnWorker* first_ = nullptr;
  TurnWorker** last_ = &first_;
  int scopes_ = 0;  // that are open
};

// Stands at the top of every function that a loop calls: what that function left to be done is done when it returns.
// Such a function may call another one; the work then waits for the outermost to return.
class TurnScope {
 public:
  explicit TurnScope(TurnWork* work) : work_(work) { ++work_->scopes_; }
  ~TurnScope() {
    if (work_->scopes_ == 1) work_->Run();
    --work_->scopes_;
  }
  TurnScope(const TurnScope&) = delete;
  TurnScope& operator=(const TurnScope&) = delete;

 private:
  TurnWork* work_;
};

}  // namespace fairlead::event
