#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/config/snapshot.h"
#include "dataplane/event/loop_test_support.h"
#include "dataplane/event/turn_work.h"
#include "dataplane/http/h2/server_context.h"
#include "dataplane/load_balancing/random.h"
#include "dataplane/metrics/worker_counters.h"
#include "dataplane/net/address.h"
#include "dataplane/proxy/date_cache.h"
#include "dataplane/proxy/environment.h"
#include "dataplane/proxy/exchange_pool.h"
#include "dataplane/proxy/listener_state.h"
#include "dataplane/proxy/snapshot_pins.h"
#include "dataplane/proxy/test_config.h"
#include "dataplane/upstream/backends.h"

namespace fairlead::proxy::testing {

using event::testing::Peer;

// A listening socket that the test itself accepts from and answers on.
struct Origin {
  event::testing::TestListener listener;
  const net::Address address = *net::Address::FromSockaddr(listener.addr(), listener.length);
};

// One worker's proxy without the worker: connections are adopted, revisions come by Publish, and everything runs on the
// test's thread, on both backends of the loop. Begins with a backend "web" of one server "s1", which is `origin_`, and
// routes that send everything there. Snapshots die as soon as nobody has a right to them.
class ProxyTest : public event::testing::LoopTest {
 protected:
  ProxyTest();
  // Everything that was counted as under way must have ended.
  ~ProxyTest() override;

  // Runs `function` as a callback of the loop.
  template <typename Function>
  void Run(Function function) {
    event::TurnScope scope(&turn_work_);
    function();
  }

  // Goes over to what config_ has become.
  void Publish();
  // Snapshots that the worker has not let go of, the current one included.
  size_t SnapshotsHeld();

  // A client's connection.
  Peer Connect();
  // The next connection to `origin`.
  Peer Accept(const Origin& origin);
  Peer Accept() { return Accept(origin_); }
  bool HasConnection(const Origin& origin);

  // Waits for so much, or for the end of the stream, and returns what has come.
  std::string Read(Peer& peer, size_t size);
  // Waits for a head, or the end of the stream.
  std::string ReadHead(Peer& peer);
  // Waits for the stream's end and returns what came before it.
  std::string ReadToEnd(Peer& peer);
  // Waits for the stream's end, nothing before it, and returns whether it was a reset.
  bool IsReset(Peer& peer);
  // Waits for a connection and a request to `origin`, and answers it.
  Peer Serve(const Origin& origin, std::string_view body = "ok");

  // Makes a request on a new connection, which goes to `origin` and succeeds.
  void ExpectServedBy(const Origin& origin);
  // A request on a new connection, whose whole answer is returned.
  std::string Ask(const std::string& request);

  Origin origin_;
  TestConfig config_;
  metrics::WorkerCounters counters_;
  ListenerState listener_;
  event::TurnWork turn_work_;
  load_balancing::Random random_{1};
  Environment environment_;
  DateCache date_;
  http::h2::ServerContext http2_;
  upstream::Backends backends_{&environment_};
  SnapshotPins snapshots_;
  ExchangePool exchanges_{&environment_};

 private:
  uint64_t sequence_ = 0;
  std::map<uint64_t, std::shared_ptr<const config::Snapshot>> published_;
};

std::string Get(std::string_view path = "/", std::string_view fields = "");
std::string Post(std::string_view body, std::string_view fields = "");
std::string Response(std::string_view body, std::string_view fields = "");
// Responses without their Date, which tests can't know.
std::string WithoutDate(std::string responses);

}  // namespace fairlead::proxy::testing
