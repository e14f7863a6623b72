// hammer: a load client that checks every response.
#include <atomic>
#include <chrono>
#include <csignal>
#include <iostream>
#include <memory>
#include <thread>
#include <vector>

#include "tests/support/hammer/client.h"
#include "tests/support/hammer/options.h"
#include "tests/support/hammer/run.h"

namespace {

using fairlead::hammer::Client;
using fairlead::hammer::Options;
using fairlead::hammer::Run;
using fairlead::hammer::Tally;

// Waits until every client is done, and returns how long they took; a signal stops the run, and nothing more begins.
std::chrono::duration<double> Supervise(const Options& options, Run& run, std::vector<std::thread>& threads,
                                        const sigset_t& signals) {
  std::atomic<bool> all_done = false;
  std::thread watcher([&] {
    const timespec interval{0, 20'000'000};
    while (!all_done) {
      if (sigtimedwait(&signals, nullptr, &interval) > 0) run.Stop();
      if (options.shows_progress) std::cout << "{\"progress\": " << run.done() << "}" << std::endl;
    }
  });
  for (std::thread& thread : threads) thread.join();
  std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - run.begin();
  all_done = true;
  watcher.join();
  return seconds;
}

int Hammer(const Options& options) {
  // Before any thread, so that all of them leave these to the watcher.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  Run run(options);
  std::vector<std::unique_ptr<Client>> clients;
  std::vector<std::thread> threads;
  for (uint64_t i = 0; i < options.connections; ++i) {
    clients.push_back(std::make_unique<Client>(options, i, run));
    threads.emplace_back([client = clients.back().get()] { client->Work(); });
  }
  std::chrono::duration<double> seconds = Supervise(options, run, threads, signals);

  Tally all;
  for (const std::unique_ptr<Client>& client : clients) all.Merge(client->tally());
  std::cout << all.ToJson(seconds.count()) << std::endl;
  return all.failures() == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  absl::StatusOr<Options> options = fairlead::hammer::ParseOptions(argc, argv);
  if (options.ok()) return Hammer(*options);
  if (absl::IsCancelled(options.status())) {
    std::cout << options.status().message();
    return 0;
  }
  std::cerr << "hammer: " << options.status().message() << "\n";
  return 2;
}
