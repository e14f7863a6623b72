#pragma once

#include <cstdint>
#include <string_view>

#include "dataplane/config/route_table.h"
#include "dataplane/proxy/reason.h"
#include "dataplane/proxy/request_times.h"

namespace fairlead::proxy {

// What an exchange notes on its way for those who tell of it when it has ended. Part of the Exchange.
struct RequestRecord {
  void Start(bool times_wanted) {
    times.Start(times_wanted);
    table = nullptr;
    host = nullptr;
    request_body_bytes = response_body_bytes = 0;
    status = 0;
    early_data = false;
    decided_by = DecidedBy::kServer;
    reason = Reason::kNone;
    detail = {};
  }
  // The end, or the reason for it, is known. The first one counts.
  void Decide(DecidedBy who, Reason why, std::string_view in_words) {
    if (reason != Reason::kNone) return;
    decided_by = who;
    reason = why;
    detail = in_words;
  }

  RequestTimes times;
  // Of the exchange's revision; null: none was found.
  const config::RouteTable* table = nullptr;
  const config::VirtualHost* host = nullptr;
  uint64_t request_body_bytes = 0;   // received, without framing
  uint64_t response_body_bytes = 0;  // given to the client's connection, without framing
  uint16_t status = 0;               // that the client was sent; 0: none
  bool early_data = false;           // it did not wait for its TLS handshake's end
  DecidedBy decided_by = DecidedBy::kServer;
  Reason reason = Reason::kNone;
  std::string_view detail;  // of the reason, in words; valid while it is told
};

}  // namespace fairlead::proxy
