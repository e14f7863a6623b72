#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "dataplane/control/server_stream.h"
#include "dataplane/control/server_streams.h"
#include "dataplane/control/session.h"
#include "dataplane/control/wire.h"
#include "fairlead/v1/control.pb.h"

namespace fairlead::control {

// DataPlane.Connect: a controller or fairleadctl dialled the proxy.
class DataPlaneStream final : public ServerStream<v1::ToProxy, v1::FromProxy>, public Wire, public OpenStream {
 public:
  DataPlaneStream(grpc::CallbackServerContext* context, event::Loop* loop, std::weak_ptr<ServerStreams> streams,
                  std::optional<uint32_t> unix_uid);
  ~DataPlaneStream() override;

 private:
  using Base = ServerStream<v1::ToProxy, v1::FromProxy>;

  void OnOpened(const std::shared_ptr<Base>& self) override;
  void OnMessage(v1::ToProxy message) override;
  void OnMessagesEnd() override;
  void OnMessageWritten() override;
  void OnClosed() override;

  void LetGo() override;

  void Read() override { ReadMessage(); }
  void Write(std::shared_ptr<const v1::FromProxy> message) override { WriteMessage(std::move(message)); }
  void End(const absl::Status& status) override { FinishStream(status); }

  const std::weak_ptr<ServerStreams> streams_;
  std::unique_ptr<Session> session_;  // while the stream is open and the core is there
};

}  // namespace fairlead::control
