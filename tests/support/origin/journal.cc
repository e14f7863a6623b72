#include "tests/support/origin/journal.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>

#include "tests/support/peer/text.h"

namespace fairlead::origin {
namespace {

using peer::Concat;
using peer::Quoted;

constexpr size_t kMaxMalformed = 100;

int64_t MonotonicNanoseconds() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace

Journal::~Journal() {
  if (log_ >= 0) close(log_);
}

absl::Status Journal::OpenLog(const std::string& path) {
  log_ = open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (log_ < 0) return absl::UnavailableError(Concat("can't open ", path, ": ", std::strerror(errno)));
  return absl::OkStatus();
}

uint64_t Journal::BeginConnection() {
  std::lock_guard lock(mutex_);
  ++open_connections_;
  return ++connections_;
}

void Journal::EndConnection() {
  std::lock_guard lock(mutex_);
  --open_connections_;
}

void Journal::RecordRequest(uint64_t connection, const peer::RequestHead& head) {
  // The time is taken first: a line may be late, never its time.
  int64_t now = MonotonicNanoseconds();
  std::lock_guard lock(mutex_);
  ++requests_;
  if (log_ < 0) return;
  std::string line = Concat(now, " ", connection, " ", head.method, " ", head.target, " ",
                            peer::FindField(head.fields, "x-request-tag").value_or("-"), "\n");
  // One write a line, so that readers never see half of one; a full disk shows in the test that reads the log.
  [[maybe_unused]] ssize_t written = write(log_, line.data(), line.size());
}

void Journal::RecordMalformed(std::string_view what) {
  std::lock_guard lock(mutex_);
  if (malformed_.size() < kMaxMalformed) malformed_.emplace_back(what);
}

void Journal::RecordCut() {
  std::lock_guard lock(mutex_);
  ++cut_;
}

std::string Journal::ToJson(std::string_view name) const {
  std::lock_guard lock(mutex_);
  std::string malformed;
  for (const std::string& what : malformed_) malformed += Concat(malformed.empty() ? "" : ", ", Quoted(what));
  return Concat("{\"name\": ", Quoted(name), ", \"requests\": ", requests_, ", \"connections\": ", connections_,
                ", \"open_connections\": ", open_connections_, ", \"cut\": ", cut_, ", \"malformed\": [", malformed,
                "]}\n");
}

}  // namespace fairlead::origin
