#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "dataplane/control/health_reports.h"
#include "dataplane/control/server_stream.h"
#include "dataplane/control/server_streams.h"
#include "dataplane/health/report_turns.h"
#include "dataplane/health/speaker.h"
#include "fairlead/v1/health.pb.h"

namespace fairlead::control {

// HealthIngest.Report: a reporter dialled the proxy. Reads a batch, takes it by turns with those of others, answers it,
// and only then reads the next: whoever sends more is held back by the flow control of his connection. What is left of
// a batch when the stream ends is not taken.
class HealthIngestStream final : public ServerStream<v1::HealthReportBatch, v1::HealthReportAnswer>,
                                 public OpenStream,
                                 private health::ReportSource {
 public:
  HealthIngestStream(grpc::CallbackServerContext* context, event::Loop* loop, std::weak_ptr<ServerStreams> streams,
                     std::optional<uint32_t> unix_uid);

 private:
  using Base = ServerStream<v1::HealthReportBatch, v1::HealthReportAnswer>;

  void OnOpened(const std::shared_ptr<Base>& self) override;
  void OnMessage(v1::HealthReportBatch batch) override;
  void OnMessagesEnd() override;
  void OnMessageWritten() override { ReadMessage(); }
  void OnClosed() override;

  void LetGo() override {}  // it keeps nothing of the core

  int TakeReports(int most) override;

  const std::weak_ptr<ServerStreams> streams_;
  std::optional<health::Speaker> speaker_;  // while the stream is open
  std::optional<HealthBatch> batch_;        // that is being taken
};

}  // namespace fairlead::control
