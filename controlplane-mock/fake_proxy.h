#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "fairlead/v1/control.pb.h"

namespace fairlead::controlplane_mock {

inline constexpr char kBadAddress[] = "10.0.0.300:80";

// A proxy without traffic, for tests: answers what a controller sends as the protos say it does. Refuses any server
// whose address is kBadAddress. For one thread.
class FakeProxy {
 public:
  explicit FakeProxy(std::string node_id) : node_id_(std::move(node_id)) {}

  // Its clock is so far ahead of that by which it is asked (now_us).
  int64_t skew_us = 0;
  uint64_t now_us = 1'700'000'000'000'000;
  // It switches so late.
  uint64_t lateness_us = 0;
  bool can_prepare = true;

  // The first message of a stream. Heartbeats: every 1 s, timeout 3 s.
  v1::FromProxy Hello() const;
  // What it says to one message; nothing to heartbeats and to what it does not know.
  std::vector<v1::FromProxy> Answer(const v1::ToProxy& message);
  // Somebody else writes.
  void Set(v1::Snapshot state);

  const v1::Snapshot& state() const { return state_; }
  uint64_t revision() const { return revision_; }
  // What it has prepared.
  const std::optional<v1::Transaction>& held() const { return held_; }

 private:
  v1::FromProxy Answer(const v1::Transaction& transaction);
  v1::FromProxy Answer(const v1::Prepare& prepare);
  v1::FromProxy Answer(const v1::Commit& commit);
  v1::FromProxy Answer(const v1::Abort& abort);
  v1::FromProxy Carry(const v1::Transaction& transaction);
  v1::FromProxy Reject(const v1::Transaction& transaction, v1::Violation::Code code, const std::string& path) const;
  std::string Fingerprint() const;

  const std::string node_id_;
  v1::Snapshot state_;
  uint64_t revision_ = 0;
  uint64_t leader_epoch_ = 0;
  std::optional<v1::Transaction> held_;
  // By id: the transaction and its answer.
  std::map<std::string, std::pair<std::string, v1::FromProxy>> answered_;
};

}  // namespace fairlead::controlplane_mock
