#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "controlplane-mock/clock.h"
#include "controlplane-mock/control_plane_server.h"
#include "controlplane-mock/controller.h"
#include "controlplane-mock/data_plane_dialer.h"
#include "controlplane-mock/etcd/store.h"
#include "controlplane-mock/file_watcher.h"
#include "controlplane-mock/inbox.h"
#include "controlplane-mock/options.h"
#include "controlplane-mock/proxy_event.h"
#include "controlplane-mock/scenario_runner.h"
#include "controlplane-mock/status_file.h"

namespace fairlead::controlplane_mock {

// Puts the parts together and turns one loop, on the thread of main: files or a store, signals, messages from gRPC's
// threads, time.
class Application {
 public:
  // Reads the files and the scenario, and listens. SIGTERM and SIGINT are blocked from here on, in threads to come as
  // well. Errors: for people.
  static absl::StatusOr<std::unique_ptr<Application>> Create(const Options& options);
  ~Application();
  Application(const Application&) = delete;
  Application& operator=(const Application&) = delete;

  // Until a signal, or the end of the scenario if that was asked for. Returns the exit code.
  int Run();

 private:
  explicit Application(const Options& options);

  absl::Status Start();
  // Waits for something to happen, at most until the next deadline.
  void Wait();
  void ServeFilesIfChanged(TimePoint now);
  // What the store's documents say, and whether it is for this controller to serve it.
  void FollowStore(TimePoint now);
  void ServeDocuments(TimePoint now);
  absl::Status StartWithFiles();
  void StartWithStore();
  // Says who leads, when that is another than before.
  void TellWhoLeads(const std::string& leader);
  void OnEvent(const ProxyEvent& event);
  void WriteStatus();
  bool ScenarioEndsIt() const;
  void Stop();
  // Writes to no proxy any more, and lets another lead.
  void Resign();
  void RunInboxUntil(const std::function<bool()>& condition, TimePoint deadline);

  const Options options_;
  int signals_ = -1;
  bool stopping_ = false;
  // Why the files, or documents, as they are now are not served.
  std::string file_error_;
  std::string leader_;  // who was said to lead

  std::unique_ptr<Inbox> inbox_;
  std::unique_ptr<FileWatcher> watcher_;  // with files
  std::unique_ptr<etcd::Store> store_;    // else
  Controller controller_;
  StatusFile status_file_;
  std::unique_ptr<ScenarioRunner> scenario_;
  std::unique_ptr<ControlPlaneServer> server_;
  std::unique_ptr<DataPlaneDialer> dialer_;
};

}  // namespace fairlead::controlplane_mock
