#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "dataplane/admin/json_writer.h"
#include "dataplane/admin/page.h"
#include "dataplane/admin/server_walk.h"
#include "dataplane/admin/status.h"

namespace fairlead::admin {

// /status: all that is known of the proxy, as one JSON object, with a line for each listener, backend and server. Names
// are those of the API (fairlead.v1.StateReport).
class StatusPage final : public Page {
 public:
  explicit StatusPage(Status status) : status_(std::move(status)) {}

  std::string_view NextPiece() override;

 private:
  enum class Stage : uint8_t { kBegin, kBackends, kDone };

  void WriteProxy();
  void WriteStateOnDisk(const StateOnDisk& state);
  void WriteWorkers();
  void WriteSessions();
  void WriteListeners();
  void WriteBackend(const config::Backend& backend);
  void WriteServer(const config::Backend& backend, const config::Server& server);

  void Field(std::string_view name, std::string_view value);
  void Field(std::string_view name, uint64_t value);
  void Flag(std::string_view name, bool value);

  const Status status_;
  Stage stage_ = Stage::kBegin;
  ServerWalk walk_{&status_.snapshot};
  std::string piece_;
  JsonWriter json_{&piece_};
};

}  // namespace fairlead::admin
