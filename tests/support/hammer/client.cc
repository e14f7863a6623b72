#include "tests/support/hammer/client.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <utility>

#include "tests/support/peer/head.h"
#include "tests/support/peer/pattern.h"
#include "tests/support/peer/text.h"

namespace fairlead::hammer {
namespace {

using peer::Concat;
using Clock = std::chrono::steady_clock;

int64_t Nanoseconds(Clock::duration duration) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(duration).count();
}

bool IsIdempotent(std::string_view method) { return method != "POST" && method != "PATCH" && method != "CONNECT"; }

// The kind of failure that an error of reading is.
std::string_view KindOf(const absl::Status& status) {
  if (absl::IsDeadlineExceeded(status)) return "timeout";
  if (absl::IsInvalidArgument(status)) return "malformed";
  return "broken_connection";
}

}  // namespace

void Client::Work() {
  while (std::optional<Clock::time_point> due = run_.WaitForTurn()) {
    const Target& target = options_.targets[requests_ % options_.targets.size()];
    Outcome outcome;
    outcome.path = target.path;
    outcome.tag = Concat(options_.tag, number_, "-", requests_);
    ++requests_;
    Exchange(target, outcome);
    Clock::time_point end = Clock::now();
    outcome.end_ns = Nanoseconds(end.time_since_epoch());
    outcome.latency_ns = Nanoseconds(end - *due);
    tally_.Record(outcome);
    run_.Log(outcome);
    run_.CountDone();
  }
}

void Client::Exchange(const Target& target, Outcome& outcome) {
  for (bool is_retry = false;; is_retry = true) {
    outcome.start_ns = Nanoseconds(Clock::now().time_since_epoch());
    if (!EnsureConnected(outcome).ok()) return;
    bool may_be_stale = connection_->exchanges > 0;
    absl::Status status = SendAndReceive(target, outcome);
    if (status.ok()) return;
    connection_.reset();
    if (!absl::IsOutOfRange(status)) return;
    if (is_retry || !may_be_stale || !IsIdempotent(options_.method)) {
      Fail(outcome, "broken_connection", status).IgnoreError();
      return;
    }
    tally_.CountStaleRetry();
  }
}

absl::Status Client::EnsureConnected(Outcome& outcome) {
  // Between two responses nothing but a close can come. Bytes would be read as the next response's head, and fail
  // there.
  if (connection_ && !connection_->reader.HasBuffered() && connection_->socket.IsReadable()) {
    std::array<char, 1> byte;
    absl::StatusOr<size_t> count = connection_->socket.Read(byte);
    if (count.ok() && *count > 0) return Fail(outcome, "malformed", absl::InvalidArgumentError("unasked-for bytes"));
    connection_.reset();
  }
  if (connection_) return absl::OkStatus();
  absl::StatusOr<peer::Socket> socket = peer::Socket::Connect(options_.address, options_.time_limit);
  if (!socket.ok()) return Fail(outcome, "connect", socket.status());
  tally_.CountConnect();
  connection_ = std::make_unique<Connection>(*std::move(socket));
  return absl::OkStatus();
}

absl::Status Client::SendAndReceive(const Target& target, Outcome& outcome) {
  absl::Status sent = SendRequest(target, outcome.tag);
  // A proxy may answer before it has read everything, and close: the answer counts, not the failed write.
  if (!sent.ok() && !absl::IsDataLoss(sent)) return Fail(outcome, KindOf(sent), sent);
  for (;;) {
    absl::StatusOr<std::string> raw = connection_->reader.ReadHead();
    if (!raw.ok()) {
      bool nothing_came =
          absl::IsOutOfRange(raw.status()) || (absl::IsDataLoss(raw.status()) && !connection_->reader.HasBuffered());
      if (nothing_came) return absl::OutOfRangeError(Concat("no answer: ", std::string(raw.status().message())));
      return Fail(outcome, KindOf(raw.status()), raw.status());
    }
    absl::StatusOr<peer::ResponseHead> head = peer::ParseResponseHead(*std::move(raw), options_.method);
    if (!head.ok()) return Fail(outcome, "malformed", head.status());
    if (head->status < 200) continue;

    outcome.status = head->status;
    outcome.origin = peer::FindField(head->fields, "x-origin").value_or("");
    ++connection_->exchanges;
    if (absl::Status status = CheckBody(*head, outcome); !status.ok()) return status;
    if (!head->keep_alive) connection_.reset();
    if (!options_.expected_statuses.contains(static_cast<uint64_t>(head->status))) {
      outcome.failure = "status";
      outcome.detail = Concat("status ", head->status, " of ", outcome.origin);
    } else if (!target.expected_origin.empty() && outcome.origin != target.expected_origin) {
      outcome.failure = "origin";
      outcome.detail = Concat("answered by ", outcome.origin);
    }
    return absl::OkStatus();
  }
}

absl::Status Client::SendRequest(const Target& target, const std::string& tag) {
  std::string request = Concat(options_.method, " ", target.path, " HTTP/1.1\r\nHost: ", options_.host,
                               "\r\nX-Request-Tag: ", tag, "\r\n");
  for (const std::string& header : options_.headers) request += Concat(header, "\r\n");
  if (options_.body_bytes > 0) request += Concat("Content-Length: ", options_.body_bytes, "\r\n");
  request += "\r\n";
  absl::Status status = connection_->socket.Write(request);
  for (uint64_t sent = 0; status.ok() && sent < options_.body_bytes;) {
    std::string_view piece = peer::PatternAt(sent, options_.body_bytes - sent);
    status = connection_->socket.Write(piece);
    sent += piece.size();
  }
  return status;
}

absl::Status Client::CheckBody(const peer::ResponseHead& head, Outcome& outcome) {
  peer::BodyReader body(&connection_->reader, head.framing);
  std::array<char, 64 * 1024> piece;
  uint64_t length = 0;
  for (;;) {
    absl::StatusOr<size_t> count = body.Read(piece);
    if (!count.ok()) return Fail(outcome, KindOf(count.status()), count.status());
    if (*count == 0) break;
    if (options_.expect_pattern && !peer::MatchesPattern(length, {piece.data(), *count})) {
      return Fail(outcome, "body", absl::DataLossError(Concat("not the pattern after byte ", length)));
    }
    length += *count;
  }
  if (options_.expected_bytes && length != *options_.expected_bytes) {
    return Fail(outcome, "length", absl::DataLossError(Concat("a body of ", length, " bytes")));
  }
  return absl::OkStatus();
}

absl::Status Client::Fail(Outcome& outcome, std::string_view kind, const absl::Status& why) {
  outcome.failure = kind;
  outcome.detail = std::string(why.message());
  connection_.reset();
  return absl::InternalError(outcome.detail);
}

}  // namespace fairlead::hammer
