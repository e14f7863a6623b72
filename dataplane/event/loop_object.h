#pragma once

namespace fairlead::event {

// What a loop calls back: a socket or an acceptor, of the loop's own or one that stands on another (tls::Socket). On
// the heap; ends with Loop::Retire.
class LoopObject {
 public:
  virtual ~LoopObject() = default;
  LoopObject(const LoopObject&) = delete;
  LoopObject& operator=(const LoopObject&) = delete;

  // Does what was put off by Loop::AddReady. Not called after Close.
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

}  // namespace fairlead::event
