#include "tests/support/origin/connection.h"

#include <array>
#include <utility>

#include "absl/status/status.h"
#include "tests/support/origin/behaviours.h"
#include "tests/support/origin/exchange.h"
#include "tests/support/peer/head.h"
#include "tests/support/peer/reader.h"
#include "tests/support/peer/text.h"

namespace fairlead::origin {
namespace {

absl::Status ReadToEnd(peer::BodyReader& body) {
  std::array<char, 16 * 1024> piece;
  for (;;) {
    absl::StatusOr<size_t> count = body.Read(piece);
    if (!count.ok() || *count == 0) return count.status();
  }
}

class Connection {
 public:
  Connection(peer::Socket socket, const Options& options, Journal& journal)
      : socket_(std::move(socket)), reader_(&socket_), options_(options), journal_(journal) {}

  ~Connection() {
    if (number_ != 0) journal_.EndConnection();
  }

  void Serve() {
    absl::Status status;
    bool keep_alive = true;
    while (status.ok() && keep_alive) status = ServeOne(keep_alive);
    if (absl::IsInvalidArgument(status)) {
      journal_.RecordMalformed(status.ToString());
      // The answer may find nobody; the journal is what tests read.
      socket_.Write(peer::Concat("HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"))
          .IgnoreError();
    } else if (!status.ok() && !absl::IsOutOfRange(status)) {
      journal_.RecordCut();
    }
    if (socket_.IsOpen()) FinishPolitely();
  }

 private:
  absl::Status ServeOne(bool& keep_alive) {
    absl::StatusOr<std::string> raw = reader_.ReadHead();
    if (!raw.ok()) return raw.status();
    absl::StatusOr<peer::RequestHead> head = peer::ParseRequestHead(*std::move(raw));
    if (!head.ok()) return head.status();
    peer::BodyReader body(&reader_, head->framing);
    keep_alive = head->keep_alive;
    // Asking for the counts does not count.
    if (head->target == "/stats") {
      return Answer({*head, body, socket_, options_.name}, 200, journal_.ToJson(options_.name));
    }

    if (number_ == 0) number_ = journal_.BeginConnection();
    journal_.RecordRequest(number_, *head);
    Exchange exchange{*head, body, socket_, options_.name, number_, ++exchanges_, keep_alive};
    absl::Status status = Behave(exchange, options_.default_body);
    keep_alive = exchange.keep_alive;
    if (status.ok() && keep_alive) status = ReadToEnd(body);
    return status;
  }

  // Closing with unread input would reset the connection and could take the answer back: RFC 9112 §9.6.
  void FinishPolitely() {
    socket_.FinishWriting();
    socket_.SetTimeLimit(std::chrono::seconds(2));
    std::array<char, 16 * 1024> piece;
    for (int i = 0; i < 64; ++i) {
      absl::StatusOr<size_t> count = socket_.Read(piece);
      if (!count.ok() || *count == 0) break;
    }
  }

  peer::Socket socket_;
  peer::Reader reader_;
  const Options& options_;
  Journal& journal_;
  uint64_t number_ = 0;  // from the first request on
  uint64_t exchanges_ = 0;
};

}  // namespace

void ServeConnection(peer::Socket socket, const Options& options, Journal& journal) {
  Connection(std::move(socket), options, journal).Serve();
}

}  // namespace fairlead::origin
