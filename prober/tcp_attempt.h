#pragma once

#include "prober/connection_attempt.h"

namespace fairlead::prober {

// v1::TcpCheck.
class TcpAttempt final : public ConnectionAttempt {
 public:
  TcpAttempt(event::Loop* loop, const net::Address& address, std::shared_ptr<const tls::ClientContext> tls,
             OnOutcome on_outcome)
      : ConnectionAttempt(loop, std::move(tls), std::move(on_outcome)) {
    Connect(address);
  }

 private:
  void OnOpen() override { Finish(true, "connected"); }
  void OnBytes(buffer::Slice) override {}
  void OnEnd(int) override {}
};

}  // namespace fairlead::prober
