#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "tests/support/hammer/options.h"
#include "tests/support/hammer/run.h"
#include "tests/support/hammer/tally.h"
#include "tests/support/peer/reader.h"
#include "tests/support/peer/socket.h"

namespace fairlead::hammer {

// One keep-alive connection at a time and the requests on it, one after another. Of one thread.
//
// What an honest client does with a connection that goes away: closed between two responses, it opens another; closed
// before any byte of the response to an idempotent request that was not the connection's first, it sends that once more
// on a new one (RFC 9112 §9.3.1), counted as a stale retry; anything else is a failure.
class Client {
 public:
  Client(const Options& options, uint64_t number, Run& run) : options_(options), number_(number), run_(run) {}

  // Until the run is over.
  void Work();

  const Tally& tally() const { return tally_; }

 private:
  struct Connection {
    explicit Connection(peer::Socket connected) : socket(std::move(connected)), reader(&socket) {}
    peer::Socket socket;
    peer::Reader reader;
    uint64_t exchanges = 0;
  };

  void Exchange(const Target& target, Outcome& outcome);
  // Both fill `outcome` when they fail. OUT_OF_RANGE: closed before any byte of the response.
  absl::Status EnsureConnected(Outcome& outcome);
  absl::Status SendAndReceive(const Target& target, Outcome& outcome);
  absl::Status SendRequest(const Target& target, const std::string& tag);
  absl::Status CheckBody(const peer::ResponseHead& head, Outcome& outcome);
  absl::Status Fail(Outcome& outcome, std::string_view kind, const absl::Status& why);

  const Options& options_;
  const uint64_t number_;
  Run& run_;
  std::unique_ptr<Connection> connection_;
  uint64_t requests_ = 0;
  Tally tally_;
};

}  // namespace fairlead::hammer
