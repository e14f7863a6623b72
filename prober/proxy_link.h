#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "api/credentials/mutual_tls.h"
#include "dataplane/event/loop.h"
#include "prober/outbox.h"
#include "prober/server_list.h"
#include "prober/vote.h"

namespace fairlead::prober {

// What this prober has with one proxy: a watch of its servers, and a stream of reports. Each has a thread of its own,
// which waits for that proxy alone: one that is away, slow or stopped holds nobody else up.
//
// Owned by the prober, on the loop's thread, where its callbacks come. Ends its threads with itself.
class ProxyLink {
 public:
  struct Options {
    std::string address;  // as ctl::MakeChannel takes it
    api::MutualTls tls;
    // For connecting, and for the answer to a batch: a proxy that is silent for so long is not reached.
    std::chrono::milliseconds timeout{2'000};
    std::string reporter;
    uint64_t incarnation = 0;
    bool watches = true;
    // Readable when all is to end; the prober's.
    int stop = -1;
  };
  struct Callbacks {
    // The proxy's servers have changed.
    absl::AnyInvocable<void(std::shared_ptr<const ServerList> servers)> on_servers;
    // Whether the proxy takes reports has changed.
    absl::AnyInvocable<void(bool reached)> on_reach;
    // A line for operators. From any thread.
    absl::AnyInvocable<void(std::string_view line)> log;
  };
  struct Counters {
    std::atomic<uint64_t> sent = 0;     // reports
    std::atomic<uint64_t> refused = 0;  // of these
    std::atomic<uint64_t> lost = 0;     // streams
  };

  // The loop makes no turn any more when the link ends.
  ProxyLink(event::Loop* loop, Options options, Callbacks callbacks);
  // Waits for its threads, which end when options.stop is readable.
  ~ProxyLink();
  ProxyLink(const ProxyLink&) = delete;
  ProxyLink& operator=(const ProxyLink&) = delete;

  void Put(std::shared_ptr<const Vote> vote);

  const std::string& address() const { return options_.address; }
  const Counters& counters() const { return counters_; }

 private:
  // The threads' functions.
  void Watch();
  void Report();

  // One conversation each, until it ends, and why it did.
  absl::Status WatchOnce(bool& heard);
  absl::Status ReportOnce(bool& heard);
  void TellServers(std::shared_ptr<const ServerList> servers);
  void TellReach(bool reached);
  void NoteAnswer(const v1::HealthReportAnswer& answer, int sent);
  // Runs `once` again and again, waiting longer each time that it comes to nothing.
  void Repeat(std::string_view what, absl::AnyInvocable<absl::Status(bool& heard)> once);
  // Returns whether all is to end.
  bool WaitForStop(std::chrono::milliseconds time) const;
  // The next batch; empty where there was nothing to say for a while.
  v1::HealthReportBatch NextBatch(bool first);

  event::Loop* const loop_;
  const Options options_;
  Callbacks callbacks_;
  Counters counters_;
  uint64_t sequence_ = 0;  // the report thread's
  std::chrono::steady_clock::time_point refusal_told_at_{};
  std::mutex mutex_;
  std::condition_variable filled_;
  // Under mutex_:
  Outbox outbox_;
  bool stopping_ = false;

  std::thread watcher_;
  std::thread reporter_;
};

}  // namespace fairlead::prober
