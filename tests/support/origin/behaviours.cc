#include "tests/support/origin/behaviours.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>

#include "tests/support/peer/flags.h"
#include "tests/support/peer/pattern.h"
#include "tests/support/peer/text.h"

namespace fairlead::origin {
namespace {

using peer::Concat;
using peer::Framing;

// One behaviour: `argument` is what follows its path, without the query.
using Behaviour = absl::Status (*)(Exchange& exchange, std::string_view argument);

absl::Status RefuseArgument(const Exchange& exchange) {
  return Answer(exchange, 404, Concat("no such behaviour: ", exchange.request.target, "\n"));
}

bool ExpectsContinue(const Exchange& exchange) {
  return peer::ListHas(exchange.request.fields, "expect", "100-continue");
}

absl::Status InviteBody(const Exchange& exchange) {
  if (!ExpectsContinue(exchange)) return absl::OkStatus();
  return exchange.socket.Write("HTTP/1.1 100 Continue\r\n\r\n");
}

absl::Status AnswerStatus(Exchange& exchange, std::string_view argument) {
  std::optional<uint64_t> status = peer::ParseNumber(argument);
  if (!status || *status < 200 || *status > 999) return RefuseArgument(exchange);
  return Answer(exchange, *status, Concat("status ", *status, "\n"));
}

absl::Status AnswerLate(Exchange& exchange, std::string_view argument) {
  absl::StatusOr<std::chrono::milliseconds> delay = peer::ParseDuration(argument);
  if (!delay.ok()) return RefuseArgument(exchange);
  if (exchange.socket.WaitForClose(*delay)) return absl::DataLossError("closed before the answer");
  return Answer(exchange, 200, "late\n");
}

absl::Status SendPattern(const Exchange& exchange, uint64_t bytes, bool chunked) {
  for (uint64_t sent = 0; sent < bytes;) {
    std::string_view piece = peer::PatternAt(sent, std::min<uint64_t>(bytes - sent, 64 * 1024));
    absl::Status status = chunked ? SendChunk(exchange, piece) : exchange.socket.Write(piece);
    if (!status.ok()) return status;
    sent += piece.size();
  }
  return chunked ? exchange.socket.Write("0\r\n\r\n") : absl::OkStatus();
}

absl::Status Stream(Exchange& exchange, std::string_view argument, Framing::Kind kind) {
  std::optional<uint64_t> bytes = peer::ParseNumber(argument);
  if (!bytes) return RefuseArgument(exchange);
  if (kind == Framing::Kind::kUntilClose) exchange.keep_alive = false;
  std::string framing = kind == Framing::Kind::kLength    ? Concat("Content-Length: ", *bytes, "\r\n")
                        : kind == Framing::Kind::kChunked ? "Transfer-Encoding: chunked\r\n"
                                                          : "";
  absl::Status status = exchange.socket.Write(ResponseHead(exchange, 200, framing));
  if (!status.ok() || exchange.request.method == "HEAD") return status;
  return SendPattern(exchange, *bytes, kind == Framing::Kind::kChunked);
}

absl::Status StreamWithLength(Exchange& exchange, std::string_view argument) {
  return Stream(exchange, argument, Framing::Kind::kLength);
}

absl::Status StreamChunked(Exchange& exchange, std::string_view argument) {
  return Stream(exchange, argument, Framing::Kind::kChunked);
}

absl::Status StreamUntilClose(Exchange& exchange, std::string_view argument) {
  return Stream(exchange, argument, Framing::Kind::kUntilClose);
}

absl::Status AnswerInChunks(Exchange& exchange, std::string_view) {
  std::string head = ResponseHead(exchange, 200, "Transfer-Encoding: chunked\r\n");
  return exchange.socket.Write(
      Concat(head, exchange.request.method == "HEAD" ? "" : "4\r\none \r\n4\r\ntwo \r\n6\r\nthree\n\r\n0\r\n\r\n"));
}

absl::Status AnswerWithTrailers(Exchange& exchange, std::string_view) {
  std::string head = ResponseHead(exchange, 200, "Transfer-Encoding: chunked\r\nTrailer: X-First, X-Second\r\n");
  return exchange.socket.Write(Concat(
      head, exchange.request.method == "HEAD" ? "" : "5\r\nbody\n\r\n0\r\nX-First: 1\r\nX-Second: two words\r\n\r\n"));
}

absl::Status Echo(Exchange& exchange, std::string_view) {
  absl::Status status = InviteBody(exchange);
  if (!status.ok()) return status;
  const Framing& framing = exchange.request.framing;
  bool chunked = framing.kind == Framing::Kind::kChunked;
  std::string length = Concat("Content-Length: ", framing.length, "\r\n");
  status = exchange.socket.Write(ResponseHead(exchange, 200, chunked ? "Transfer-Encoding: chunked\r\n" : length));
  if (!status.ok()) return status;
  std::array<char, 64 * 1024> piece;
  for (;;) {
    absl::StatusOr<size_t> count = exchange.body.Read(piece);
    if (!count.ok()) return count.status();
    if (*count == 0) break;
    std::string_view bytes(piece.data(), *count);
    status = chunked ? SendChunk(exchange, bytes) : exchange.socket.Write(bytes);
    if (!status.ok()) return status;
  }
  if (!chunked) return absl::OkStatus();
  std::string end = "0\r\n";
  for (const peer::Field& trailer : exchange.body.trailers()) end += Concat(trailer.name, ": ", trailer.value, "\r\n");
  return exchange.socket.Write(Concat(end, "\r\n"));
}

// Reads the body, at most so many bytes a second, and says what it was.
absl::Status TakeUpload(Exchange& exchange, uint64_t bytes_per_second) {
  if (absl::Status status = InviteBody(exchange); !status.ok()) return status;
  auto begin = std::chrono::steady_clock::now();
  std::array<char, 64 * 1024> piece;
  uint64_t taken = 0;
  bool is_pattern = true;
  for (;;) {
    absl::StatusOr<size_t> count = exchange.body.Read(piece);
    if (!count.ok()) return count.status();
    if (*count == 0) break;
    is_pattern = is_pattern && peer::MatchesPattern(taken, {piece.data(), *count});
    taken += *count;
    auto due = begin + std::chrono::milliseconds(taken * 1'000 / bytes_per_second);
    exchange.socket.WaitForClose(
        std::chrono::duration_cast<std::chrono::milliseconds>(due - std::chrono::steady_clock::now()));
  }
  return Answer(exchange, 200,
                Concat("{\"bytes\": ", taken, ", \"is_pattern\": ", is_pattern ? "true" : "false", "}\n"));
}

constexpr uint64_t kUnlimited = 1'000'000'000'000;

absl::Status Upload(Exchange& exchange, std::string_view) { return TakeUpload(exchange, kUnlimited); }

absl::Status UploadSlowly(Exchange& exchange, std::string_view argument) {
  std::optional<uint64_t> bytes_per_second = peer::ParseNumber(argument);
  if (!bytes_per_second || *bytes_per_second == 0) return RefuseArgument(exchange);
  return TakeUpload(exchange, *bytes_per_second);
}

absl::Status RefuseExpectation(Exchange& exchange, std::string_view) {
  if (!ExpectsContinue(exchange)) return TakeUpload(exchange, kUnlimited);
  exchange.keep_alive = false;
  return Answer(exchange, 417, "no\n");
}

// The body is read by the connection, after the answer, as after any.
absl::Status AnswerEarly(Exchange& exchange, std::string_view) { return Answer(exchange, 200, "early\n"); }

absl::Status AnswerEarlyAndClose(Exchange& exchange, std::string_view) {
  exchange.keep_alive = false;
  return Answer(exchange, 413, "too much\n");
}

absl::Status AnswerAfterHints(Exchange& exchange, std::string_view) {
  absl::Status status = exchange.socket.Write("HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n");
  return status.ok() ? Answer(exchange, 200, "after hints\n") : status;
}

absl::Status ShowHead(Exchange& exchange, std::string_view) { return Answer(exchange, 200, exchange.request.raw); }

absl::Status AnswerAndClose(Exchange& exchange, std::string_view) {
  exchange.keep_alive = false;
  return Answer(exchange, 200, "closing\n");
}

absl::Status AnswerAndCloseQuietly(Exchange& exchange, std::string_view) {
  exchange.announces_close = false;
  return AnswerAndClose(exchange, "");
}

absl::Status Drop(Exchange& exchange, std::string_view) {
  exchange.keep_alive = false;
  return absl::OkStatus();
}

absl::Status DropWithReset(Exchange& exchange, std::string_view) {
  exchange.keep_alive = false;
  exchange.socket.Reset();
  return absl::OkStatus();
}

absl::Status CutBody(Exchange& exchange, std::string_view argument) {
  std::optional<uint64_t> bytes = peer::ParseNumber(argument);
  if (!bytes) return RefuseArgument(exchange);
  std::string head = ResponseHead(exchange, 200, Concat("Content-Length: ", 2 * *bytes + 1, "\r\n"));
  exchange.keep_alive = false;
  absl::Status status = exchange.socket.Write(head);
  return status.ok() ? SendPattern(exchange, *bytes, false) : status;
}

struct Place {
  std::string_view path;  // all of it; or its beginning, when it ends with '/'
  Behaviour behaviour;
};

constexpr Place kPlaces[] = {
    {"/1xx", AnswerAfterHints},
    {"/chunked", AnswerInChunks},
    {"/close", AnswerAndClose},
    {"/close-quietly", AnswerAndCloseQuietly},
    {"/cut/", CutBody},
    {"/delay/", AnswerLate},
    {"/drop", Drop},
    {"/early", AnswerEarly},
    {"/early-close", AnswerEarlyAndClose},
    {"/echo", Echo},
    {"/headers", ShowHead},
    {"/refuse-expect", RefuseExpectation},
    {"/reset", DropWithReset},
    {"/slow-read/", UploadSlowly},
    {"/status/", AnswerStatus},
    {"/stream-chunked/", StreamChunked},
    {"/stream-until-close/", StreamUntilClose},
    {"/stream/", StreamWithLength},
    {"/trailers", AnswerWithTrailers},
    {"/upload", Upload},
};

}  // namespace

absl::Status Behave(Exchange& exchange, std::string_view default_body) {
  std::string_view target = exchange.request.target;
  std::string_view path = target.substr(0, target.find('?'));
  for (const Place& place : kPlaces) {
    bool matches = place.path.ends_with('/') ? path.starts_with(place.path) : path == place.path;
    if (matches) return place.behaviour(exchange, path.substr(place.path.size()));
  }
  return Answer(exchange, 200, default_body);
}

}  // namespace fairlead::origin
