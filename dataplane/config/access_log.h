#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace fairlead::config {

// What an access log can tell. docs/ACCESS_LOG.md says what each means; access_log/fields.cc has their names.
enum class LogField : uint8_t {
  kTime,
  kType,
  kListener,
  kRevision,
  kRouteTable,
  kVirtualHost,
  kRule,
  kBackend,
  kServer,
  kServerAddress,
  kAttempts,
  kReused,
  kClient,
  kPeer,
  kMethod,
  kAuthority,
  kPath,
  kProtocol,
  kServerName,
  kTlsVersion,
  kTlsCipher,
  kTlsResumed,
  kTlsEarlyData,
  kTlsClientSubject,
  kStatus,
  kBytesReceived,
  kBytesSent,
  kRequestHeadUs,
  kRequestBodyUs,
  kQueueUs,
  kConnectUs,
  kResponseHeadUs,
  kResponseBodyUs,
  kTotalUs,
  kRequestId,
  kUserAgent,
  kReferer,
  kDecidedBy,
  kReason,
  kDetail,
  kRequestHeader,   // the one at LogPiece::header
  kResponseHeader,  // likewise
};

// A text and the field behind it.
struct LogPiece {
  std::string text = {};
  LogField field = LogField::kTime;
  uint16_t header = 0;  // with kRequestHeader, kResponseHeader: an index into AccessLog's names
};

// What is logged of a listener's requests, compiled. Immutable, shared between revisions.
struct AccessLog {
  // A line is the pieces in their order, then `tail`. No pieces and no tail: a JSON object with all fields.
  std::vector<LogPiece> pieces;
  std::string tail;
  // Names of fields, in lower case.
  std::vector<std::string> request_headers;
  std::vector<std::string> response_headers;

  bool is_json() const { return pieces.empty() && tail.empty(); }
};

}  // namespace fairlead::config
