#include "dataplane/proxy/connection_log.h"

#include "dataplane/access_log/entry.h"
#include "dataplane/base/unix_time.h"
#include "dataplane/proxy/tls_log.h"

namespace fairlead::proxy {

using Mark = RequestTimes::Mark;

void ConnectionLog::Attempt(const config::Server& server) {
  times_.TakeFirst(Mark::kServer);
  server_ = server.id;
  server_address_ = server.address;
}

void ConnectionLog::Decide(DecidedBy who, Reason reason, std::string_view detail) {
  if (reason_ != Reason::kNone) return;
  decided_by_ = who;
  reason_ = reason;
  detail_ = detail;
}

void ConnectionLog::Write(const Client& client, uint32_t attempts, access_log::WorkerLog* log) {
  // Its listener may not be logged any more.
  if (client.listener->access_log == nullptr) return;
  times_.Take(Mark::kEnd);
  access_log::Entry entry;
  entry.is_http = false;
  entry.listener = client.listener->id;
  entry.revision = revision_;
  entry.backend = backend_;
  entry.server = server_;
  if (!server_.empty()) entry.server_address = &server_address_;
  entry.attempts = attempts;
  entry.client = &client.address;
  entry.peer = &client.peer();
  entry.server_name = server_name_;
  DescribeTls(client, &entry);
  entry.bytes_received = static_cast<int64_t>(received_);
  entry.bytes_sent = static_cast<int64_t>(sent_);
  entry.total_us = times_.Between(Mark::kBegin, Mark::kEnd);
  entry.time_us = base::UnixMicros() - entry.total_us;
  entry.queue_us = times_.Between(Mark::kBegin, reason_ == Reason::kQueueTimeout ? Mark::kEnd : Mark::kServer);
  entry.connect_us = times_.Between(Mark::kServer, Mark::kConnected);
  entry.decided_by = ToString(decided_by_);
  entry.reason = ToString(reason_);
  entry.detail = detail_;
  log->Write(*client.listener->access_log, entry);
}

}  // namespace fairlead::proxy
