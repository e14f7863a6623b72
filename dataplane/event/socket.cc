#include "dataplane/event/socket.h"

#include <sys/socket.h>

#include <cerrno>

namespace fairlead::event {

bool Socket::HasNews() const {
  char byte;
  return recv(fd_, &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0 || errno != EAGAIN;
}

}  // namespace fairlead::event
