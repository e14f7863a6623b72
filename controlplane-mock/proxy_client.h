#pragma once

#include <grpcpp/grpcpp.h>

#include <string>
#include <thread>

#include "controlplane-mock/fake_proxy.h"

namespace fairlead::controlplane_mock {

// Lets a FakeProxy dial a controller and talk to it over gRPC, on a thread of its own, until the stream ends. For
// tests.
class ProxyClient {
 public:
  // `proxy` is the client's until Join.
  ProxyClient(FakeProxy* proxy, const std::string& address);
  // Ends the stream, if it is there still.
  ~ProxyClient();

  // Waits for the end of the stream; returns what the controller said of it.
  grpc::Status Join();
  void Disconnect() { context_.TryCancel(); }

 private:
  void Run();

  FakeProxy* const proxy_;
  const std::string address_;
  grpc::ClientContext context_;
  grpc::Status status_;
  std::thread thread_;
};

}  // namespace fairlead::controlplane_mock
