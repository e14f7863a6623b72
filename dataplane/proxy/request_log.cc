#include "dataplane/proxy/request_log.h"

#include <string>

#include "dataplane/access_log/entry.h"
#include "dataplane/base/unix_time.h"
#include "dataplane/http/ascii.h"
#include "dataplane/proxy/tls_log.h"

namespace fairlead::proxy {
namespace {

using Mark = RequestTimes::Mark;

// As much of the head as was understood; texts of size 0 stand for none.
void DescribeHead(const EndedRequest& request, access_log::Entry* entry) {
  const http::RequestHead& head = request.head;
  if (head.method_text.size > 0) entry->method = head.Get(head.method_text);
  if (head.authority.size > 0) entry->authority = head.Get(head.authority);
  if (head.target.size > 0) entry->path = head.Get(head.target);
  if (request.head_is_complete) {
    entry->protocol = head.http2 ? "HTTP/2.0" : head.minor_version == 0 ? "HTTP/1.0" : "HTTP/1.1";
    if (entry->path.empty()) entry->path = "*";  // an absolute-form OPTIONS without a path (RFC 9112 §3.2.4)
  }
  if (!head.fields.empty()) entry->request_fields = &head.fields;
}

void DescribeTimes(const RequestRecord& record, access_log::Entry* entry) {
  const RequestTimes& times = record.times;
  entry->total_us = times.Between(Mark::kBegin, Mark::kEnd);
  entry->time_us = base::UnixMicros() - (entry->total_us < 0 ? 0 : entry->total_us);
  entry->request_head_us = times.Between(Mark::kBegin, Mark::kHead);
  entry->request_body_us = times.Between(Mark::kHead, Mark::kRequestEnd);
  entry->queue_us = times.Between(Mark::kHead, record.reason == Reason::kQueueTimeout ? Mark::kEnd : Mark::kServer);
  entry->connect_us = times.Between(Mark::kServer, Mark::kConnected);
  entry->response_head_us = times.Between(Mark::kConnected, Mark::kResponseHead);
  entry->response_body_us = times.Between(Mark::kResponseHead, Mark::kEnd);
}

}  // namespace

void LogRequest(const EndedRequest& request, access_log::WorkerLog* log) {
  const RequestRecord& record = request.record;
  const ListenerState& listener = *request.client.listener;
  access_log::Entry entry;
  entry.listener = listener.id;
  entry.revision = request.snapshot.revision;
  if (record.table != nullptr) entry.route_table = record.table->id;
  if (record.host != nullptr) entry.virtual_host = record.host->id;
  if (request.rule != nullptr) entry.rule = request.rule->id;
  if (request.backend != nullptr) entry.backend = request.backend->id;
  if (request.server != nullptr) {
    entry.server = request.server->id;
    entry.server_address = &request.server->address;
  }
  entry.attempts = request.attempts;
  entry.reused = request.reused;
  entry.client = &request.address;
  entry.peer = &request.client.peer();
  DescribeTls(request.client, &entry);
  entry.tls_early_data = record.early_data;
  entry.status = record.status;
  entry.bytes_received = static_cast<int64_t>(record.request_body_bytes);
  entry.bytes_sent = static_cast<int64_t>(record.response_body_bytes);
  entry.decided_by = ToString(record.decided_by);
  entry.reason = ToString(record.reason);
  entry.detail = record.detail;
  if (request.response_fields != nullptr) entry.response_fields = &request.response_fields->list();
  entry.request_id = request.request_id;
  DescribeHead(request, &entry);
  DescribeTimes(record, &entry);
  log->Write(*listener.access_log, entry);
}

void StoreLoggedFields(const config::AccessLog& log, const http::FieldList& fields, StoredFields* stored) {
  for (const http::FieldList::Field& field : fields) {
    for (const std::string& name : log.response_headers) {
      if (http::EqualsIgnoreCase(fields.name(field), name)) stored->Add(fields, field);
    }
  }
}

}  // namespace fairlead::proxy
