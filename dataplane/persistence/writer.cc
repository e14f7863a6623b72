#include "dataplane/persistence/writer.h"

#include <algorithm>
#include <cerrno>

#include "dataplane/base/absl_strings.h"
#include "dataplane/persistence/history_file.h"
#include "dataplane/persistence/image.h"
#include "dataplane/persistence/state_file.h"

namespace fairlead::persistence {
namespace {

std::string NewName(const char* name) { return base::StrCat(name, ".new"); }

// Gives a complete file, NAME.new, its name.
absl::Status PutInPlace(const StateDirectory& directory, const SystemCalls& calls, const char* name) {
  if (calls.rename(directory.fd(), NewName(name).c_str(), name) != 0) return absl::ErrnoToStatus(errno, "rename");
  if (calls.sync(directory.fd()) != 0) return absl::ErrnoToStatus(errno, "sync of the directory");
  return absl::OkStatus();
}

absl::Status Replace(const StateDirectory& directory, const SystemCalls& calls, const char* name,
                     std::string_view bytes) {
  const absl::Status status = FileWriter::Write(calls, directory.fd(), NewName(name).c_str(), bytes);
  return status.ok() ? PutInPlace(directory, calls, name) : status;
}

// The bytes of the file.
absl::StatusOr<uint64_t> ReplaceHistory(const StateDirectory& directory, const SystemCalls& calls,
                                        const History& history) {
  const std::string bytes = MakeHistoryFile(history);
  if (absl::Status status = Replace(directory, calls, Writer::kHistoryName, bytes); !status.ok()) return status;
  return bytes.size();
}

// What the file of history says, as far as it is whole.
History ReadHistory(const StateDirectory& directory) {
  const absl::StatusOr<std::string> text = directory.Read(Writer::kHistoryName);
  return text.ok() ? ReadHistoryFile(*text).history : History();
}

}  // namespace

Writer::Rewritten Writer::WriteAnew(const StateDirectory& directory, const SystemCalls& calls, const char* source,
                                    uint64_t bytes, uint64_t number, const char* target) {
  const absl::StatusOr<std::string> text = directory.Read(source);
  if (!text.ok()) return {text.status()};
  const absl::StatusOr<StateFile> file =
      ReadStateFile(std::string_view(*text).substr(0, bytes), ReadHistory(directory));
  if (!file.ok() || file->image.number() != number || !file->image.FingerprintIsRight()) {
    return {absl::DataLossError(base::StrCat("what is on the disk is not what was written there",
                                             file.ok() && !file->damage.empty() ? ": " + file->damage : ""))};
  }
  absl::StatusOr<uint64_t> history_bytes = ReplaceHistory(directory, calls, file->image.history());
  return {FileWriter::Make(calls, directory.fd(), NewName(target).c_str(), file->image), std::move(history_bytes)};
}

Writer::Writer(Options options, const std::array<std::optional<Start>, 2>& starts, const Image* image)
    : options_(std::move(options)), last_revision_(options_.revision), history_bytes_(options_.history_bytes) {
  condition_.saved_revision = options_.revision;
  for (size_t i = 0; i < copies_.size(); ++i) {
    Copy& copy = copies_[i];
    copy.name = kNames[i];
    if (!starts[i].has_value()) continue;
    const Start& start = *starts[i];
    last_number_ = start.number;
    absl::StatusOr<FileWriter> file =
        FileWriter::Open(*options_.calls, options_.directory->fd(), copy.name, start.good_bytes, start.checksum);
    if (!file.ok()) {
      Fail(copy, file.status());
      continue;
    }
    copy.file = *std::move(file);
    copy.number = start.number;
    copy.first_bytes = start.first_bytes;
  }
  if (image != nullptr) {
    last_number_ = image->number();
    for (Copy& copy : copies_) {
      if (absl::Status status = MakeFrom(*image, copy); !status.ok()) Fail(copy, status);
    }
  }
  condition_.saved_number = last_number_;
}

Writer::~Writer() {
  if (rewrite_ != nullptr) rewrite_->thread.join();
}

void Writer::Take(Record record) {
  Waiting waiting;
  waiting.number = last_number_ = record.entry.number();
  if (record.entry.has_revision()) last_revision_ = record.entry.revision().revision();
  waiting.revision = last_revision_;
  waiting.is_whole = record.change != nullptr && record.change->has_snapshot() && record.undo.empty();
  waiting.frames = MakeFrames(record);
  waiting.history = std::move(record.history);
  for (const auto& [type, payload] : waiting.frames) waiting.bytes += payload.size();
  waiting_bytes_ += waiting.bytes;
  if (waiting.is_whole) all_is_coming_ = false;
  waiting_.push_back(std::move(waiting));
  // What comes by then goes with it.
  if (!std::exchange(flush_is_due_, true)) options_.loop->mailbox().Post([this] { Flush(); });
}

void Writer::Flush() {
  flush_is_due_ = false;
  for (Copy& copy : copies_) {
    if (!copy.file.has_value() || copy.failed) continue;
    if (absl::Status status = Append(copy); !status.ok()) Fail(copy, status);
  }
  MakeMissing();
  RewriteOne();
  ForgetWritten();
  Report();
}

absl::Status Writer::Append(Copy& copy) {
  std::string bytes;
  FrameWriter frames(copy.file->checksum());
  for (const Waiting& record : waiting_) {
    if (record.number <= copy.number) continue;
    for (const auto& [type, payload] : record.frames) frames.Append(type, payload, bytes);
  }
  if (bytes.empty()) return absl::OkStatus();
  absl::Status status = copy.file->Append(bytes, frames.checksum());
  if (!copy.file->sound()) copy.file.reset();
  if (!status.ok()) return status;
  copy.number = waiting_.back().number;
  copy.revision = waiting_.back().revision;
  return status;
}

void Writer::MakeMissing() {
  for (Copy& copy : copies_) {
    if (!AnyGood() && !copy.failed) MakeFromWaiting(copy);
  }
  const bool none_can = !copies_[0].failed && !copies_[1].failed && !AnyGood();
  if (none_can && rewrite_ == nullptr && !std::exchange(all_is_coming_, true)) options_.need_all();
}

void Writer::MakeFromWaiting(Copy& copy) {
  const auto whole = std::find_if(waiting_.rbegin(), waiting_.rend(), [](const Waiting& w) { return w.is_whole; });
  if (whole == waiting_.rend()) return;
  std::string text = MakeHeader(0);
  FrameWriter frames(ChecksumOf(text));
  for (auto record = whole.base() - 1; record != waiting_.end(); ++record) {
    for (const auto& [type, payload] : record->frames) frames.Append(type, payload, text);
  }
  const std::shared_ptr<const History> history = (whole.base() - 1)->history;
  absl::StatusOr<StateFile> file = ReadStateFile(text, history == nullptr ? History() : *history);
  absl::Status status = file.ok() ? MakeFrom(file->image, copy) : file.status();
  if (!status.ok()) Fail(copy, status);
}

absl::Status Writer::MakeFrom(const Image& image, Copy& copy) {
  // A thread that writes a file anew may be at the file of history.
  if (rewrite_ == nullptr) SaveHistory(image.history());
  absl::StatusOr<FileWriter> file =
      FileWriter::Make(*options_.calls, options_.directory->fd(), NewName(copy.name).c_str(), image);
  if (!file.ok()) return file.status();
  if (absl::Status status = PutInPlace(*options_.directory, *options_.calls, copy.name); !status.ok()) return status;
  copy.first_bytes = file->size();
  copy.file = *std::move(file);
  copy.number = image.number();
  copy.revision = image.revision().revision();
  ++condition_.rewrites;
  return absl::OkStatus();
}

void Writer::SaveVotes(const VotePieces& votes) {
  NoteReplaced(kVotesName, Replace(*options_.directory, *options_.calls, kVotesName, MakeVotesFile(votes)),
               votes_failed_);
}

void Writer::SaveHistory(const History& history) {
  if (!history.revisions().empty()) NoteHistory(ReplaceHistory(*options_.directory, *options_.calls, history));
}

void Writer::NoteHistory(const absl::StatusOr<uint64_t>& bytes) {
  NoteReplaced(kHistoryName, bytes.status(), history_failed_);
  if (bytes.ok()) history_bytes_ = *bytes;
}

void Writer::NoteReplaced(const char* name, const absl::Status& status, bool& failed) {
  if (!status.ok()) ++condition_.failures;
  if (!status.ok() && !failed) {
    options_.say(base::StrCat("state: ", options_.directory->path(), "/", name, ": ", base::FromAbsl(status.message()),
                              "; tried again with the next"));
  }
  failed = !status.ok();
}

void Writer::RewriteOne() {
  if (rewrite_ != nullptr || rewrite_failed_) return;
  for (const bool missing : {true, false}) {
    for (size_t target = 0; target < copies_.size(); ++target) {
      const Copy& copy = copies_[target];
      const Copy& other = copies_[1 - target];
      if (copy.failed || other.failed || !other.file.has_value()) continue;
      const bool is_due =
          missing ? !copy.file.has_value()
                  : copy.file.has_value() && copy.file->size() > 2 * copy.first_bytes + history_bytes_ + kSpareBytes;
      if (is_due) return StartRewrite(target, 1 - target);
    }
  }
}

void Writer::StartRewrite(size_t target, size_t source) {
  const Copy& from = copies_[source];
  rewrite_ = std::make_unique<Rewrite>();
  rewrite_->target = target;
  rewrite_->source = source;
  rewrite_->number = from.number;
  rewrite_->thread =
      std::thread([this, source = from.name, bytes = from.file->size(), number = from.number, target = kNames[target]] {
        Rewritten anew = WriteAnew(*options_.directory, *options_.calls, source, bytes, number, target);
        options_.loop->mailbox().Post([this, anew = std::move(anew)]() mutable { OnRewritten(std::move(anew)); });
      });
}

void Writer::OnRewritten(Rewritten anew) {
  rewrite_->thread.join();
  const std::unique_ptr<Rewrite> done = std::move(rewrite_);
  Copy& copy = copies_[done->target];
  if (anew.history_bytes.has_value()) NoteHistory(*anew.history_bytes);
  absl::Status status = anew.file.status();
  if (status.ok() && !done->is_useless) {
    Copy made;
    made.name = copy.name;
    made.number = done->number;
    made.first_bytes = anew.file->size();
    made.file = *std::move(anew.file);
    status = Append(made);
    if (status.ok()) status = PutInPlace(*options_.directory, *options_.calls, copy.name);
    if (status.ok()) {
      copy = std::move(made);
      ++condition_.rewrites;
    }
  }
  if (absl::IsDataLoss(status)) {
    copies_[done->source].file.reset();
    Fail(copies_[done->source], status);
  } else if (!status.ok()) {
    // What the target was before is as good as it was.
    rewrite_failed_ = true;
    Say(copy, status);
  }
  Flush();
}

void Writer::ForgetWritten() {
  uint64_t written = last_number_;
  for (const Copy& copy : copies_) {
    if (copy.file.has_value()) written = std::min(written, copy.number);
  }
  if (rewrite_ != nullptr) written = std::min(written, rewrite_->number);
  const auto forget_first = [this] {
    waiting_bytes_ -= waiting_.front().bytes;
    waiting_.pop_front();
  };
  if (!AnyGood()) {
    // A file can begin with the last whole record; what is before it can be in none.
    const auto whole = std::find_if(waiting_.rbegin(), waiting_.rend(), [](const Waiting& w) { return w.is_whole; });
    written = whole == waiting_.rend() ? 0 : whole->number - 1;
  }
  while (!waiting_.empty() && waiting_.front().number <= written) forget_first();

  const size_t needed = !waiting_.empty() && waiting_.front().is_whole ? waiting_.front().bytes : 0;
  if (waiting_bytes_ - needed <= kMaxWaitingBytes) return;
  for (Copy& copy : copies_) {
    if (copy.file.has_value() && copy.number < last_number_) copy.file.reset();
  }
  if (rewrite_ != nullptr) rewrite_->is_useless = true;
  while (!waiting_.empty()) forget_first();
}

void Writer::Fail(Copy& copy, const absl::Status& status) {
  copy.failed = true;
  Say(copy, status);
}

void Writer::Say(const Copy& copy, const absl::Status& status) {
  ++condition_.failures;
  const std::string error =
      base::StrCat(options_.directory->path(), "/", copy.name, ": ", base::FromAbsl(status.message()));
  if (condition_.error.empty()) options_.say(base::StrCat("state: ", error, "; tried every second from now on"));
  condition_.error = error;
  if (!retry_timer_.scheduled()) options_.loop->timers().Schedule(&retry_timer_, kRetryMs);
}

void Writer::OnRetry(void* writer) {
  auto* self = static_cast<Writer*>(writer);
  for (Copy& copy : self->copies_) copy.failed = false;
  self->rewrite_failed_ = false;
  self->Flush();
}

void Writer::Report() {
  condition_.is_known = true;
  condition_.good_copies = 0;
  condition_.writable_copies = 0;
  condition_.bytes = 0;
  condition_.is_stuck = true;
  bool all_written = !rewrite_failed_;
  for (const Copy& copy : copies_) {
    all_written = all_written && copy.file.has_value() && copy.number == last_number_;
    if (!copy.file.has_value()) continue;
    ++condition_.good_copies;
    if (!copy.failed) {
      condition_.is_stuck = false;
      ++condition_.writable_copies;
    }
    condition_.bytes += copy.file->size();
    if (copy.number <= condition_.saved_number) continue;
    condition_.saved_number = copy.number;
    condition_.saved_revision = copy.revision;
  }
  if (all_written && !condition_.error.empty()) {
    condition_.error.clear();
    options_.say("state: saved again, all of it");
  }
  options_.report(condition_);
}

}  // namespace fairlead::persistence
