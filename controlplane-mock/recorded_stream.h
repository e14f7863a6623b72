#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "controlplane-mock/proxy_stream.h"
#include "fairlead/v1/control.pb.h"

namespace fairlead::controlplane_mock {

// A stream that leads nowhere, for tests: keeps what was sent until it is taken.
class RecordedStream final : public ProxyStream {
 public:
  void SendBytes(std::string bytes) override { sent_.push_back(std::move(bytes)); }
  void PauseReading() override { reading_ = false; }
  void ResumeReading() override { reading_ = true; }
  void End(const absl::Status& reason) override { end_reason_ = reason; }
  void Cut() override { cut_ = true; }

  // What was sent since the last call.
  std::vector<std::string> TakeBytes() { return std::exchange(sent_, {}); }
  std::vector<v1::ToProxy> Take() {
    std::vector<v1::ToProxy> messages;
    for (const std::string& bytes : TakeBytes()) messages.emplace_back().ParseFromString(bytes);
    return messages;
  }

  bool reading() const { return reading_; }
  bool was_cut() const { return cut_; }
  bool ended() const { return !end_reason_.ok(); }
  // OK while it goes on.
  const absl::Status& end_reason() const { return end_reason_; }

 private:
  std::vector<std::string> sent_;
  bool reading_ = true;
  bool cut_ = false;
  absl::Status end_reason_;
};

}  // namespace fairlead::controlplane_mock
