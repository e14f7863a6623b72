#include "dataplane/access_log/formatter_test_support.h"

namespace fairlead::access_log::testing {

void Fields::Add(std::string_view name, std::string_view value) {
  http::FieldList::Field field{};
  field.name_offset = static_cast<uint32_t>(bytes_.size());
  field.name_size = static_cast<uint16_t>(name.size());
  bytes_ += name;
  field.value_offset = static_cast<uint32_t>(bytes_.size());
  field.value_size = static_cast<uint32_t>(value.size());
  bytes_ += value;
  list_.Add(field);
  list_.set_base(bytes_.data());
}

ExampleEntry::ExampleEntry()
    : request_fields{{"Host", "www.example.org"},
                     {"User-Agent", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)"},
                     {"Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"},
                     {"Referer", "https://www.example.org/start"},
                     {"X-Request-Id", "8f14e45f-ceea-467f-a83b-8d2a0f1c2b3d"},
                     {"Authorization", "Basic c2VjcmV0"}} {
  entry.time_us = 1'764'140'431'000'123;  // 2025-11-26T07:00:31.000123Z
  entry.listener = "web";
  entry.revision = 42;
  entry.route_table = "main";
  entry.virtual_host = "all";
  entry.rule = "api";
  entry.backend = "blue";
  entry.server = "w1";
  entry.server_address = &server;
  entry.attempts = 2;
  entry.reused = true;
  entry.client = entry.peer = &client;
  entry.method = "GET";
  entry.authority = "www.example.org";
  entry.path = "/api/v1/items?limit=10&offset=20";
  entry.protocol = "HTTP/1.1";
  entry.status = 200;
  entry.request_fields = request_fields.list();
  entry.bytes_received = 0;
  entry.bytes_sent = 5120;
  entry.request_head_us = 12;
  entry.request_body_us = 0;
  entry.queue_us = 3;
  entry.connect_us = 250;
  entry.response_head_us = 1834;
  entry.response_body_us = 95;
  entry.total_us = 2194;
  entry.decided_by = "server";
}

}  // namespace fairlead::access_log::testing
