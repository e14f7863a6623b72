#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "dataplane/control/control_core.h"
#include "dataplane/event/loop.h"
#include "dataplane/health/report_turns.h"
#include "dataplane/identity/peer.h"

namespace fairlead::control {

// A stream that uses the core.
class OpenStream {
 public:
  // Who opened it.
  const identity::Peer& peer() const { return peer_; }
  // The core goes: lets go of it at once. The stream ends by itself, as the server cancels it.
  virtual void LetGo() = 0;

 protected:
  explicit OpenStream(identity::Peer peer) : peer_(std::move(peer)) {}
  ~OpenStream() = default;

 private:
  const identity::Peer peer_;
};

// The streams that are open on a gRPC server, and the core that they are for. On the control thread, owned by the
// server; streams have weak pointers to it, since some that gRPC has opened already are not here yet.
class ServerStreams {
 public:
  // `loop`: the control thread's. Both outlive it.
  ServerStreams(ControlCore* core, event::Loop* loop) : core_(core), turns_(&loop->mailbox()) {}
  ~ServerStreams() {
    for (const auto& [key, stream] : open_) stream->LetGo();
  }
  ServerStreams(const ServerStreams&) = delete;
  ServerStreams& operator=(const ServerStreams&) = delete;

  ControlCore* core() const { return core_; }
  // Of those that bring reports of health.
  health::ReportTurns& turns() { return turns_; }
  void Add(std::shared_ptr<OpenStream> stream) { open_.emplace(stream.get(), std::move(stream)); }
  // From where they were opened, one entry for each.
  std::vector<std::string> sources() const {
    std::vector<std::string> sources;
    for (const auto& [key, stream] : open_) sources.push_back(stream->peer().source);
    return sources;
  }
  void Remove(OpenStream* stream) { open_.erase(stream); }

 private:
  ControlCore* const core_;
  health::ReportTurns turns_;
  absl::flat_hash_map<OpenStream*, std::shared_ptr<OpenStream>> open_;
};

}  // namespace fairlead::control
