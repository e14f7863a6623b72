// origin: a demo web server for tests, the quickstart and benchmarks. It ends when it is told to (SIGTERM).
#include <cstdint>
#include <iostream>
#include <memory>
#include <string>
#include <utility>

#include "tests/support/origin/connection.h"
#include "tests/support/origin/journal.h"
#include "tests/support/origin/thread_each.h"
#include "tests/support/peer/flags.h"
#include "tests/support/peer/pattern.h"
#include "tests/support/peer/socket.h"
#include "tests/support/peer/text.h"

namespace {

constexpr std::string_view kHelp = R"(origin: answers HTTP/1.1 requests, in ways that their paths choose.

  --listen=IP:PORT    where (default 127.0.0.1:0: the system chooses the port)
  --name=NAME         said in X-Origin and in the body (default: origin)
  --body_bytes=N      the size of the default body (default: the name and a line end)
  --log=FILE          one line a request: monotonic ns, connection, method, target, X-Request-Tag

It prints "listening on IP:PORT". GET /stats tells what has reached it. The paths: tests/support/origin/behaviours.h.
)";

absl::Status Run(int argc, char** argv) {
  absl::StatusOr<fairlead::peer::Flags> flags =
      fairlead::peer::Flags::Parse(argc, argv, {"help", "listen", "name", "body_bytes", "log"});
  if (!flags.ok()) return flags.status();
  if (flags->Has("help")) {
    std::cout << kHelp;
    return absl::OkStatus();
  }

  fairlead::origin::Options options;
  options.name = flags->String("name", "origin");
  options.default_body = options.name + "\n";
  if (flags->Has("body_bytes")) {
    absl::StatusOr<uint64_t> bytes = flags->Number("body_bytes", 0);
    if (!bytes.ok()) return bytes.status();
    options.default_body.clear();
    while (options.default_body.size() < *bytes) {
      options.default_body +=
          fairlead::peer::PatternAt(options.default_body.size(), *bytes - options.default_body.size());
    }
  }
  fairlead::origin::Journal journal;
  if (flags->Has("log")) {
    if (absl::Status status = journal.OpenLog(flags->String("log", "")); !status.ok()) return status;
  }

  absl::StatusOr<fairlead::peer::Socket> listening =
      fairlead::peer::Socket::Listen(flags->String("listen", "127.0.0.1:0"));
  if (!listening.ok()) return listening.status();
  std::cout << "listening on " << listening->LocalAddress() << std::endl;
  fairlead::origin::ThreadEach connections;
  for (;;) {
    absl::StatusOr<fairlead::peer::Socket> accepted = listening->Accept();
    if (!accepted.ok()) return accepted.status();
    connections.Start([&, socket = std::make_shared<fairlead::peer::Socket>(*std::move(accepted))] {
      fairlead::origin::ServeConnection(std::move(*socket), options, journal);
    });
  }
}

}  // namespace

int main(int argc, char** argv) {
  absl::Status status = Run(argc, argv);
  if (status.ok()) return 0;
  std::cerr << "origin: " << status.message() << "\n";
  return 1;
}
