#include "dataplane/control/data_plane_stream.h"

#include <utility>

#include "dataplane/control/grpc_peer.h"

namespace fairlead::control {

DataPlaneStream::DataPlaneStream(grpc::CallbackServerContext* context, event::Loop* loop,
                                 std::weak_ptr<ServerStreams> streams, std::optional<uint32_t> unix_uid)
    : ServerStream(context, loop), OpenStream(PeerOf(*context, unix_uid)), streams_(std::move(streams)) {}

DataPlaneStream::~DataPlaneStream() = default;

void DataPlaneStream::OnOpened(const std::shared_ptr<Base>& self) {
  const std::shared_ptr<ServerStreams> streams = streams_.lock();
  if (streams == nullptr) return;  // the server is going, and cancels what is open
  streams->Add(std::static_pointer_cast<DataPlaneStream>(self));
  session_ = std::make_unique<Session>(streams->core(), &loop()->timers(), this, peer());
  session_->Start();
}

void DataPlaneStream::OnMessage(v1::ToProxy message) {
  if (session_ != nullptr) session_->OnRead(std::move(message));
}

void DataPlaneStream::OnMessagesEnd() {
  if (session_ != nullptr) session_->OnReadEnd();
}

void DataPlaneStream::OnMessageWritten() {
  if (session_ != nullptr) session_->OnWritten();
}

void DataPlaneStream::OnClosed() {
  session_.reset();
  if (const std::shared_ptr<ServerStreams> streams = streams_.lock()) streams->Remove(this);
}

void DataPlaneStream::LetGo() { session_.reset(); }

}  // namespace fairlead::control
