// What saving costs with 100,000 servers in one backend, on whatever disk /tmp is: the control thread's part of one
// change, the time until it is on the disk and the bytes that it takes there, writing a file anew, and reading it.

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/fingerprint/fingerprint.h"
#include "benchmark/benchmark.h"
#include "dataplane/event/loop.h"
#include "dataplane/persistence/frames.h"
#include "dataplane/persistence/image.h"
#include "dataplane/persistence/journal.h"
#include "dataplane/persistence/record.h"
#include "dataplane/persistence/state_file.h"

namespace fairlead::persistence {
namespace {

constexpr int kServers = 100'000;

v1::Server Server(int number, uint32_t weight) {
  v1::Server server;
  server.set_id("server-" + std::to_string(number));
  server.set_address("10." + std::to_string(number >> 16) + "." + std::to_string((number >> 8) & 255) + "." +
                     std::to_string(number & 255) + ":8080");
  server.set_weight(weight);
  return server;
}

// Makes the records of a fleet and of its changes, one server each.
class FleetRecords {
 public:
  Record All() {
    auto change = std::make_shared<v1::Transaction>();
    v1::Backend& backend = *change->mutable_snapshot()->add_backends();
    backend.set_id("web");
    for (int i = 0; i < kServers; ++i) *backend.add_servers() = Server(i, 0);
    fingerprint_ = api::OfSnapshot(change->snapshot());
    return Finish(std::move(change));
  }

  Record Next() {
    auto change = std::make_shared<v1::Transaction>();
    v1::UpsertServer& upsert = *change->add_operations()->mutable_upsert_server();
    upsert.set_backend("web");
    const int number = static_cast<int>(revision_ % kServers);
    const auto digest = [&](const v1::Server& server) {
      return digester_.DigestOf(api::ResourceKind::kServer, "web", server);
    };
    fingerprint_ -= digest(Server(number, weights_[number]));
    *upsert.mutable_server() = Server(number, ++weights_[number]);
    fingerprint_ += digest(upsert.server());
    return Finish(std::move(change));
  }

 private:
  Record Finish(std::shared_ptr<v1::Transaction> change) {
    Record record;
    v1::HistoryEntry& revision = *record.entry.mutable_revision();
    revision.set_revision(++revision_);
    revision.set_fingerprint(fingerprint_.ToHex());
    revision.set_transaction_id("transaction-" + std::to_string(revision_));
    revision.set_author("controller");
    record.entry.set_transaction_hash(revision_);
    record.change = std::move(change);
    return record;
  }

  api::Digester digester_;
  api::Fingerprint fingerprint_;
  std::vector<uint32_t> weights_ = std::vector<uint32_t>(kServers);
  uint64_t revision_ = 0;
};

// A journal that has saved the fleet.
class Bench {
 public:
  Bench() {
    journal_ = *Journal::Open({.directory = directory_, .loop = loop_.get(), .say = [](std::string_view) {}});
    journal_->Start([this](const Condition& condition) { condition_ = condition; }, [] {});
    WaitUntilSaved(journal_->Append(records_.All()));
    // Both began with nothing, and have grown to more than twice of that.
    while (condition_.rewrites < 4) loop_->RunOnce(/*wait=*/true);
  }
  ~Bench() {
    journal_ = nullptr;
    std::filesystem::remove_all(directory_);
  }

  void WaitUntilSaved(uint64_t number) {
    while (condition_.saved_number < number) loop_->RunOnce(/*wait=*/true);
  }
  Record Next() { return records_.Next(); }
  uint64_t Append(Record record) { return journal_->Append(std::move(record)); }
  const Condition& condition() const { return condition_; }

 private:
  const std::string directory_ = mkdtemp(std::string("/tmp/journal_benchmark.XXXXXX").data());
  std::unique_ptr<event::Loop> loop_ = *event::Loop::Create(event::IoBackend::kEpoll);
  std::unique_ptr<Journal> journal_;
  FleetRecords records_;
  Condition condition_;
};

void HandOver(benchmark::State& state) {
  Bench bench;
  int number = 0;
  uint64_t last = 0;
  for (auto _ : state) {
    state.PauseTiming();
    Record record = bench.Next();
    ++number;
    if (number % 1'000 == 0) bench.WaitUntilSaved(last);
    state.ResumeTiming();
    last = bench.Append(std::move(record));
  }
  bench.WaitUntilSaved(last);
}
BENCHMARK(HandOver)->Iterations(20'000);

void OneChangeUntilItIsSaved(benchmark::State& state) {
  Bench bench;
  const uint64_t bytes = bench.condition().bytes;
  int number = 0;
  for (auto _ : state) {
    bench.WaitUntilSaved(bench.Append(bench.Next()));
    ++number;
  }
  state.counters["bytes_in_both_files"] = static_cast<double>(bench.condition().bytes - bytes) / number;
}
BENCHMARK(OneChangeUntilItIsSaved)->Iterations(1'000)->UseRealTime()->Unit(benchmark::kMicrosecond);

void ChangesInAStream(benchmark::State& state) {
  Bench bench;
  int number = 0;
  for (auto _ : state) {
    uint64_t last = 0;
    for (int i = 0; i < 10'000; ++i, ++number) last = bench.Append(bench.Next());
    bench.WaitUntilSaved(last);
  }
  state.SetItemsProcessed(number);
  state.counters["rewrites"] = static_cast<double>(bench.condition().rewrites);
}
BENCHMARK(ChangesInAStream)->Iterations(20)->UseRealTime()->Unit(benchmark::kMillisecond);

void ReadAFile(benchmark::State& state) {
  Image image;
  const Record fleet = FleetRecords().All();
  image.Change(*fleet.change);
  image.End(fleet.entry);
  std::string text = MakeHeader(1);
  FrameWriter frames(ChecksumOf(text));
  image.Write([&](FrameType type, std::string_view payload) { frames.Append(type, payload, text); });
  for (auto _ : state) benchmark::DoNotOptimize(ReadStateFile(text)->image.MakeSnapshot().backends_size());
  state.counters["bytes"] = static_cast<double>(text.size());
}
BENCHMARK(ReadAFile)->Unit(benchmark::kMillisecond);

void WriteAFileInMemory(benchmark::State& state) {
  Image image;
  const Record fleet = FleetRecords().All();
  image.Change(*fleet.change);
  image.End(fleet.entry);
  for (auto _ : state) {
    std::string text = MakeHeader(1);
    FrameWriter frames(ChecksumOf(text));
    image.Write([&](FrameType type, std::string_view payload) { frames.Append(type, payload, text); });
    benchmark::DoNotOptimize(text.size());
  }
}
BENCHMARK(WriteAFileInMemory)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace fairlead::persistence
