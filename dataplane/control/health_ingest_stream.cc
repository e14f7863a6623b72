#include "dataplane/control/health_ingest_stream.h"

#include <utility>

#include "dataplane/control/grpc_peer.h"
#include "dataplane/control/health_reports.h"

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
  WriteMessage(
      std::make_shared<const v1::HealthReportAnswer>(TakeHealthReports(batch, *speaker_, streams->core()->health())));
}

void HealthIngestStream::OnMessagesEnd() { FinishStream(absl::OkStatus()); }

void HealthIngestStream::OnClosed() {
  if (const std::shared_ptr<ServerStreams> streams = streams_.lock()) streams->Remove(this);
}

}  // namespace fairlead::control
