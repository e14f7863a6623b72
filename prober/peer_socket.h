#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "dataplane/base/unique_fd.h"
#include "dataplane/event/loop.h"
#include "dataplane/net/address.h"
#include "dataplane/net/socket_file.h"
#include "fairlead/v1/prober.pb.h"

namespace fairlead::prober {

// The socket by which probers hear of each other. Owned by the prober; a thread of its own receives, and lets through
// to the loop's what comes from who knows the key.
class PeerSocket {
 public:
  using OnBeat = absl::AnyInvocable<void(v1::ProberBeat beat)>;

  struct Options {
    net::Address address;
    std::vector<net::Address> peers;
    std::string key;  // empty: none
    // Readable when all is to end; the prober's.
    int stop = -1;
  };

  // `on_beat` is called on the loop's thread. Errors: those of socket and bind.
  static absl::StatusOr<std::unique_ptr<PeerSocket>> Open(event::Loop* loop, Options options, OnBeat on_beat);
  // Waits for the thread, which ends when options.stop is readable.
  ~PeerSocket();

  // To all peers; what can't be sent at once is lost, as anything may be.
  void Send(const v1::ProberBeat& beat);

  // As bound: with the port that 0 became.
  const net::Address& address() const { return options_.address; }
  // Datagrams that were none of a prober's.
  uint64_t refused() const { return refused_; }

 private:
  PeerSocket(event::Loop* loop, Options options, OnBeat on_beat, base::UniqueFd fd)
      : loop_(loop), options_(std::move(options)), on_beat_(std::move(on_beat)), fd_(std::move(fd)) {}

  void Receive();

  event::Loop* const loop_;
  Options options_;
  OnBeat on_beat_;
  const base::UniqueFd fd_;
  net::SocketFile file_;
  std::atomic<uint64_t> refused_ = 0;
  std::thread receiver_;
};

}  // namespace fairlead::prober
