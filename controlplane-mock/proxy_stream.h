#pragma once

#include <string>

#include "absl/status/status.h"

namespace fairlead::controlplane_mock {

// The controller's side of one stream to one proxy, whoever dialled. Implemented by the streams of ControlPlaneServer
// and of DataPlaneDialer. Every function may be called from the controller's thread until the controller has been told
// that the stream is closed, returns at once, and does nothing on a stream that is ending.
class ProxyStream {
 public:
  // Sends these bytes as one message, after those before it. They are a ToProxy, unless somebody misbehaves.
  virtual void SendBytes(std::string bytes) = 0;
  // Takes no more messages from the proxy (one that is on its way may still come) until ResumeReading. Reading is on at
  // first.
  virtual void PauseReading() = 0;
  virtual void ResumeReading() = 0;
  // Ends the stream, and tells the proxy why if this side can (a server). Messages that wait to be sent are dropped.
  virtual void End(const absl::Status& reason) = 0;
  // Sends what waits to be sent, then ends the stream without a word.
  virtual void Cut() = 0;

 protected:
  ~ProxyStream() = default;
};

}  // namespace fairlead::controlplane_mock
