#pragma once

#include <memory>

#include "absl/status/status.h"
#include "fairlead/v1/control.pb.h"

namespace fairlead::control {

// One stream between this proxy and a controller, whichever of the two dialled, as its session sees it: reads and
// writes one message at a time, without waiting. On the control thread. What comes of a call comes later, never from
// inside it.
class Wire {
 public:
  // Reads a message: Session::OnRead, or OnReadEnd where there is none any more. One at a time.
  virtual void Read() = 0;
  // Writes a message: Session::OnWritten, when there is room for another. One at a time.
  virtual void Write(std::shared_ptr<const v1::FromProxy> message) = 0;
  // Ends the stream; nothing is called on the session any more. The status is the peer's to read where it dialled.
  virtual void End(const absl::Status& status) = 0;

 protected:
  ~Wire() = default;
};

}  // namespace fairlead::control
