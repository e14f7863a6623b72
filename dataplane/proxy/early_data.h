#pragma once

#include <vector>

#include "dataplane/http/message.h"

namespace fairlead::proxy {

// A connection's early data (0-RTT, RFC 8446 §2.3), while its TLS handshake is not over: requests that are perhaps a
// recording that somebody plays again. What does no harm twice is served at once, and servers are told (RFC 8470); the
// rest waits. Part of the connection's ClientTls, which outlives its exchanges; on the worker's thread alone.
class EarlyData {
 public:
  using Resume = void (*)(void* exchange);

  // The handshake is done: nothing is early any more. Calls those who wait.
  void End();
  bool over() const { return over_; }

  // Whether a request has to wait for the end: one of a method that is not safe (RFC 9110 §9.2.1), or that asks for
  // another protocol, whose bytes no server could tell from others.
  static bool Holds(const http::RequestHead& request);
  // The exchange is resumed at the end, unless it is forgotten before.
  void Wait(void* exchange, Resume resume) { waiting_.push_back({exchange, resume}); }
  void Forget(void* exchange);

 private:
  struct Waiting {
    void* exchange;
    Resume resume;
  };

  std::vector<Waiting> waiting_;  // in their order
  bool over_ = false;
};

}  // namespace fairlead::proxy
