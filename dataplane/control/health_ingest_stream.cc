#include "dataplane/control/health_ingest_stream.h"

#include <utility>

#include "dataplane/control/grpc_peer.h"

namespace fairlead::control {

HealthIngestStream::HealthIngestStream(grpc::CallbackServerContext* context, event::Loop* loop,
                                       std::weak_ptr<ServerStreams> streams, std::optional<uint32_t> unix_uid)
    : ServerStream(context, loop), OpenStream(PeerOf(*context, unix_uid)), streams_(std::move(streams)) {}

void HealthIngestStream::OnOpened(const std::shared_ptr<Base>& self) {
  const std::shared_ptr<ServerStreams> streams = streams_.lock();
  if (streams == nullptr) return;  // the server is going, and cancels what is open
  streams->Add(std::static_pointer_cast<HealthIngestStream>(self));
  speaker_.emplace(&streams->core()->health().reporters(), peer());
  ReadMessage();
}

void HealthIngestStream::OnMessage(v1::HealthReportBatch batch) {
  const std::shared_ptr<ServerStreams> streams = streams_.lock();
  if (streams == nullptr) return;
  batch_.emplace(std::move(batch));
  streams->turns().Add(this);
}

int HealthIngestStream::TakeReports(int most) {
  ServerStreams& streams = *streams_.lock();  // which call this
  const int taken = batch_->TakeSome(most, *speaker_, streams.core()->health());
  if (batch_->done()) {
    WriteMessage(std::make_shared<const v1::HealthReportAnswer>(batch_->TakeAnswer()));
    batch_.reset();
  } else {
    streams.turns().Add(this);
  }
  return taken;
}

void HealthIngestStream::OnMessagesEnd() { FinishStream(absl::OkStatus()); }

void HealthIngestStream::OnClosed() {
  const std::shared_ptr<ServerStreams> streams = streams_.lock();
  if (streams == nullptr) return;
  streams->turns().Remove(this);
  streams->Remove(this);
}

}  // namespace fairlead::control
