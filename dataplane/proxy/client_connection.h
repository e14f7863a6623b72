#pragma once

#include "dataplane/base/intrusive_list.h"
#include "dataplane/event/turn_work.h"

namespace fairlead::proxy {

// A client's connection, whatever is spoken on it, as its listener knows it: one of a list. Destroys itself when it is
// closed; on its worker's thread alone.
class ClientConnection : public base::ListNode, protected event::TurnWorker {
 public:
  // Its listener drains: it ends when that cuts nothing off.
  virtual void Drain() = 0;
  // Closes without waiting for anything.
  virtual void Kill() = 0;

 protected:
  ClientConnection() = default;
  ~ClientConnection() = default;
};

}  // namespace fairlead::proxy
