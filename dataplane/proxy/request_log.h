#pragma once

#include <cstdint>
#include <string_view>

#include "dataplane/access_log/worker_log.h"
#include "dataplane/config/access_log.h"
#include "dataplane/config/backend.h"
#include "dataplane/config/route_table.h"
#include "dataplane/config/snapshot.h"
#include "dataplane/http/message.h"
#include "dataplane/net/address.h"
#include "dataplane/proxy/client.h"
#include "dataplane/proxy/request_record.h"
#include "dataplane/proxy/stored_fields.h"

namespace fairlead::proxy {

// An exchange that has ended, as its access log sees it: valid while it is logged.
struct EndedRequest {
  const Client& client;
  const net::Address& address;  // the client's own, where proxies in front of it told
  std::string_view request_id;  // empty: it has none
  const http::RequestHead& head;
  bool head_is_complete;
  const StoredFields* response_fields;  // those that are logged; null: none
  const RequestRecord& record;
  const config::Snapshot& snapshot;  // that it was served by, or would have been
  const config::RouteRule* rule;     // null: none was found
  const config::BackendSettings* backend;
  const config::Server* server;  // the one tried last
  uint32_t attempts;
  bool reused;
};

// Writes its line. The listener is logged.
void LogRequest(const EndedRequest& request, access_log::WorkerLog* log);

// Keeps what `log` tells of a response's fields.
void StoreLoggedFields(const config::AccessLog& log, const http::FieldList& fields, StoredFields* stored);

}  // namespace fairlead::proxy
