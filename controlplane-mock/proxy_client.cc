#include "controlplane-mock/proxy_client.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

#include "fairlead/v1/control.grpc.pb.h"

namespace fairlead::controlplane_mock {

ProxyClient::ProxyClient(FakeProxy* proxy, const std::string& address)
    : proxy_(proxy), address_(address), thread_([this] { Run(); }) {}

ProxyClient::~ProxyClient() {
  Disconnect();
  Join();
}

grpc::Status ProxyClient::Join() {
  if (thread_.joinable()) thread_.join();
  return status_;
}

void ProxyClient::Run() {
  const auto stub = v1::ControlPlane::NewStub(grpc::CreateChannel(address_, grpc::InsecureChannelCredentials()));
  const auto stream = stub->Connect(&context_);
  stream->Write(proxy_->Hello());
  v1::ToProxy message;
  while (stream->Read(&message)) {
    for (const v1::FromProxy& answer : proxy_->Answer(message)) stream->Write(answer);
  }
  stream->WritesDone();
  status_ = stream->Finish();
}

}  // namespace fairlead::controlplane_mock
