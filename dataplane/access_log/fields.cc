#include "dataplane/access_log/fields.h"

namespace fairlead::access_log {
namespace {

using config::LogField;

constexpr FieldName kNames[] = {
    {LogField::kTime, "time"},
    {LogField::kType, "type"},
    {LogField::kListener, "listener"},
    {LogField::kRevision, "revision"},
    {LogField::kRouteTable, "route_table"},
    {LogField::kVirtualHost, "virtual_host"},
    {LogField::kRule, "rule"},
    {LogField::kBackend, "backend"},
    {LogField::kServer, "server"},
    {LogField::kServerAddress, "server_address"},
    {LogField::kAttempts, "attempts"},
    {LogField::kReused, "reused"},
    {LogField::kClient, "client"},
    {LogField::kPeer, "peer"},
    {LogField::kMethod, "method"},
    {LogField::kAuthority, "authority"},
    {LogField::kPath, "path"},
    {LogField::kProtocol, "protocol"},
    {LogField::kServerName, "server_name"},
    {LogField::kTlsVersion, "tls_version"},
    {LogField::kTlsCipher, "tls_cipher"},
    {LogField::kTlsResumed, "tls_resumed"},
    {LogField::kTlsEarlyData, "tls_early_data"},
    {LogField::kTlsClientSubject, "tls_client_subject"},
    {LogField::kStatus, "status"},
    {LogField::kBytesReceived, "bytes_received"},
    {LogField::kBytesSent, "bytes_sent"},
    {LogField::kRequestHeadUs, "request_head_us"},
    {LogField::kRequestBodyUs, "request_body_us"},
    {LogField::kQueueUs, "queue_us"},
    {LogField::kConnectUs, "connect_us"},
    {LogField::kResponseHeadUs, "response_head_us"},
    {LogField::kResponseBodyUs, "response_body_us"},
    {LogField::kTotalUs, "total_us"},
    {LogField::kRequestId, "request_id"},
    {LogField::kUserAgent, "user_agent"},
    {LogField::kReferer, "referer"},
    {LogField::kDecidedBy, "decided_by"},
    {LogField::kReason, "reason"},
    {LogField::kDetail, "detail"},
};

}  // namespace

std::span<const FieldName> FieldNames() { return kNames; }

std::optional<LogField> FindField(std::string_view name) {
  for (const FieldName& known : kNames) {
    if (known.name == name) return known.field;
  }
  return std::nullopt;
}

}  // namespace fairlead::access_log
