#pragma once

#include <cstdint>
#include <string_view>

#include "dataplane/http/field_list.h"
#include "dataplane/net/address.h"

namespace fairlead::access_log {

// What is known of one request, or of one TCP connection, when it has ended. Texts and pointers are valid while it is
// formatted; an empty text, a null pointer and a negative number say that there was none.
struct Entry {
  bool is_http = true;
  uint64_t time_us = 0;  // of its beginning, since 1970
  std::string_view listener;
  uint64_t revision = 0;
  std::string_view route_table;
  std::string_view virtual_host;
  std::string_view rule;
  std::string_view backend;
  std::string_view server;
  const net::Address* server_address = nullptr;
  uint32_t attempts = 0;
  bool reused = false;  // with attempts
  const net::Address* client = nullptr;
  const net::Address* peer = nullptr;
  std::string_view server_name;  // that the client's TLS asks for
  // Of TLS that the proxy itself speaks with the client.
  std::string_view tls_version;
  std::string_view tls_cipher;
  std::string_view tls_client_subject;  // of a verified certificate
  bool tls_resumed = false;             // with tls_version

  // Of requests alone.
  bool tls_early_data = false;  // with tls_version
  std::string_view method;
  std::string_view authority;
  std::string_view path;  // with the query, as it was sent
  std::string_view protocol;
  uint16_t status = 0;
  std::string_view request_id;  // that the proxy gave it, or took over; else what its X-Request-Id says
  const http::FieldList* request_fields = nullptr;
  const http::FieldList* response_fields = nullptr;
  int64_t request_head_us = -1;
  int64_t request_body_us = -1;
  int64_t response_head_us = -1;
  int64_t response_body_us = -1;

  int64_t bytes_received = -1;  // from the client: the request's body
  int64_t bytes_sent = -1;      // to the client: the response's body
  int64_t queue_us = -1;
  int64_t connect_us = -1;
  int64_t total_us = -1;

  std::string_view decided_by;
  std::string_view reason;
  std::string_view detail;
};

}  // namespace fairlead::access_log
