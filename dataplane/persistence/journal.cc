#include "dataplane/persistence/journal.h"

#include <array>
#include <thread>
#include <utility>

#include "dataplane/base/absl_strings.h"
#include "dataplane/persistence/history_file.h"
#include "dataplane/persistence/image.h"
#include "dataplane/persistence/state_directory.h"
#include "dataplane/persistence/state_file.h"
#include "dataplane/persistence/writer.h"

namespace fairlead::persistence {
namespace {

// What the files say.
struct Found {
  std::array<std::optional<StateFile>, 2> files;
  int damaged = 0;
  std::optional<size_t> best;  // of `files`; none: there is nothing

  std::vector<ServerVotes> votes;
  HistoryFile history;
  uint64_t history_bytes = 0;
  bool history_is_damaged = false;

  const StateFile* best_file() const { return best.has_value() ? &*files[*best] : nullptr; }
};

bool IsBetter(const StateFile& file, const StateFile& than) {
  if (file.image.number() != than.image.number()) return file.image.number() > than.image.number();
  if (file.damage.empty() != than.damage.empty()) return file.damage.empty();
  return file.image.history().revisions().size() > than.image.history().revisions().size();
}

absl::Status Look(const StateDirectory& directory, const char* name, const History& history,
                  std::optional<StateFile>& found, std::string& damage) {
  const absl::StatusOr<std::string> text = directory.Read(name);
  if (absl::IsNotFound(text.status())) return absl::OkStatus();
  absl::StatusOr<StateFile> file = text.ok() ? ReadStateFile(*text, history) : text.status();
  if (absl::IsFailedPrecondition(file.status())) {
    return absl::FailedPreconditionError(
        base::StrCat(directory.path(), "/", name, ": ", base::FromAbsl(file.status().message()),
                     ": start that version again, or move the files away to begin with nothing"));
  }
  if (!file.ok()) {
    damage = std::string(base::FromAbsl(file.status().message()));
    return absl::OkStatus();
  }
  damage = file->damage;
  found = *std::move(file);
  return absl::OkStatus();
}

absl::Status LookAtVotes(const StateDirectory& directory, const std::function<void(std::string_view)>& say,
                         std::vector<ServerVotes>& votes) {
  const absl::StatusOr<std::string> text = directory.Read(Writer::kVotesName);
  if (absl::IsNotFound(text.status())) return absl::OkStatus();
  absl::StatusOr<std::vector<ServerVotes>> read = text.ok() ? ReadVotesFile(*text) : text.status();
  if (read.ok()) {
    votes = *std::move(read);
    return absl::OkStatus();
  }
  const std::string line =
      base::StrCat(directory.path(), "/", Writer::kVotesName, ": ", base::FromAbsl(read.status().message()));
  if (absl::IsFailedPrecondition(read.status())) return absl::FailedPreconditionError(line);
  say(base::StrCat("state: ", line, ": reporters are to say again what they said"));
  return absl::OkStatus();
}

// What is wrong with it costs nothing else.
void LookAtHistory(const StateDirectory& directory, const std::function<void(std::string_view)>& say, Found& found) {
  const absl::StatusOr<std::string> text = directory.Read(Writer::kHistoryName);
  if (absl::IsNotFound(text.status())) return;
  if (text.ok()) {
    found.history = ReadHistoryFile(*text);
    found.history_bytes = text->size();
    if (found.history.damage.empty()) return;
  }
  found.history_is_damaged = true;
  const std::string what = text.ok()
                               ? base::StrCat(directory.path(), "/", Writer::kHistoryName, ": ", found.history.damage)
                               : std::string(base::FromAbsl(text.status().message()));
  say(base::StrCat("state: ", what, ": older revisions may be forgotten"));
  directory.PutAside(Writer::kHistoryName, base::StrCat(Writer::kHistoryName, ".damaged"));
}

absl::StatusOr<Found> LookInto(const StateDirectory& directory, const std::function<void(std::string_view)>& say) {
  Found found;
  if (absl::Status status = LookAtVotes(directory, say, found.votes); !status.ok()) return status;
  LookAtHistory(directory, say, found);
  for (size_t i = 0; i < found.files.size(); ++i) {
    const char* const name = Writer::kNames[i];
    std::string damage;
    if (absl::Status status = Look(directory, name, found.history.history, found.files[i], damage); !status.ok())
      return status;
    if (!damage.empty()) {
      ++found.damaged;
      say(base::StrCat("state: ", directory.path(), "/", name, ": ", damage));
    }
    if (!found.files[i].has_value()) {
      if (!damage.empty()) directory.PutAside(name, base::StrCat(name, ".damaged"));
      continue;
    }
    if (!found.best.has_value() || IsBetter(*found.files[i], *found.best_file())) found.best = i;
  }
  return found;
}

}  // namespace

struct Journal::Impl {
  Impl(Options given, StateDirectory held, std::unique_ptr<event::Loop> own_loop)
      : options(std::move(given)), directory(std::move(held)), loop(std::move(own_loop)) {}
  ~Impl() {
    if (!thread.joinable()) return;
    loop->mailbox().Post([this] {
      writer->Flush();
      writer.reset();
      loop->Stop();
    });
    thread.join();
  }

  // What is to be gone on with; else what new files say.
  absl::Status Prepare(Found& found);

  Options options;
  StateDirectory directory;
  std::unique_ptr<event::Loop> loop;  // the writer's
  std::array<std::optional<Writer::Start>, 2> starts;
  Image image;
  std::optional<Record> first;  // a trial that was changed back
  uint64_t history_bytes = 0;
  bool history_is_damaged = false;
  std::optional<Restored> restored;
  int damaged = 0;
  uint64_t last_number = 0;
  Condition condition;
  absl::AnyInvocable<void(const Condition&)> on_condition;
  absl::AnyInvocable<void()> need_all;
  // Ends what the writer posts to the control thread.
  std::shared_ptr<bool> ended = std::make_shared<bool>(false);

  std::unique_ptr<Writer> writer;  // on its thread
  std::thread thread;
};

absl::Status Journal::Impl::Prepare(Found& found) {
  damaged = found.damaged;
  history_bytes = found.history_bytes;
  history_is_damaged = found.history_is_damaged;
  const StateFile* const best = found.best_file();
  if (best == nullptr) {
    if (damaged > 0) options.say(base::StrCat("state: ", directory.path(), ": nothing to restore is left"));
    return absl::OkStatus();
  }
  for (size_t i = 0; i < starts.size(); ++i) {
    const std::optional<StateFile>& file = found.files[i];
    if (!file.has_value() || file->image.number() != best->image.number()) continue;
    // Of what is damaged, the one that is served from is kept as far as it is whole.
    if (!file->damage.empty() && i != *found.best) continue;
    starts[i] = Writer::Start{.number = file->image.number(),
                              .good_bytes = file->good_bytes,
                              .first_bytes = file->first_bytes,
                              .checksum = file->checksum};
  }
  image = std::move(found.files[*found.best]->image);
  condition.saved_revision = image.revision().revision();
  if (image.on_trial()) {
    // What is changed back gets a fingerprint of its own: nobody could tell later.
    if (!image.FingerprintIsRight()) {
      return absl::FailedPreconditionError(
          base::StrCat(directory.path(), ": it holds what this version of the program does not know"));
    }
    first = image.Revert(options.now_ms);
    options.say(base::StrCat("state: ", first->entry.revision().comment(), ": it is changed back"));
  }
  last_number = image.number();
  if (image.number() == 0) return absl::OkStatus();
  restored.emplace();
  restored->config = image.MakeSnapshot();
  restored->history = image.history();
  restored->leader_epoch = image.leader_epoch();
  restored->votes = std::move(found.votes);
  restored->answers.mutable_answers()->Add(image.answers().begin(), image.answers().end());
  return absl::OkStatus();
}

Journal::Journal(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Journal::~Journal() { *impl_->ended = true; }

absl::StatusOr<std::unique_ptr<Journal>> Journal::Open(Options options) {
  absl::StatusOr<StateDirectory> directory = StateDirectory::Open(options.directory);
  if (!directory.ok()) return directory.status();
  absl::StatusOr<Found> found = LookInto(*directory, options.say);
  if (!found.ok()) return found.status();
  absl::StatusOr<std::unique_ptr<event::Loop>> loop = event::Loop::Create(event::IoBackend::kEpoll);
  if (!loop.ok()) return loop.status();
  auto impl = std::make_unique<Impl>(std::move(options), *std::move(directory), *std::move(loop));
  if (absl::Status status = impl->Prepare(*found); !status.ok()) return status;
  return std::unique_ptr<Journal>(new Journal(std::move(impl)));
}

std::optional<Restored> Journal::TakeRestored() { return std::exchange(impl_->restored, std::nullopt); }

int Journal::damaged_files() const { return impl_->damaged; }

void Journal::Start(absl::AnyInvocable<void(const Condition&)> on_condition, absl::AnyInvocable<void()> need_all) {
  Impl* const impl = impl_.get();
  impl->on_condition = std::move(on_condition);
  impl->need_all = std::move(need_all);
  impl->thread = std::thread([impl] {
    Writer::Options options;
    options.loop = impl->loop.get();
    options.directory = &impl->directory;
    options.calls = &impl->options.calls;
    options.say = impl->options.say;
    options.revision = impl->condition.saved_revision;
    options.history_bytes = impl->history_bytes;
    event::Mailbox* const control = &impl->options.loop->mailbox();
    options.report = [impl, control, ended = impl->ended](const Condition& condition) {
      control->Post([impl, ended, condition] {
        if (*ended) return;
        impl->condition = condition;
        impl->on_condition(condition);
      });
    };
    options.need_all = [impl, control, ended = impl->ended] {
      control->Post([impl, ended] {
        if (!*ended) impl->need_all();
      });
    };
    const bool found_nothing = !impl->starts[0].has_value() && !impl->starts[1].has_value();
    impl->writer = std::make_unique<Writer>(std::move(options), impl->starts, found_nothing ? &impl->image : nullptr);
    if (impl->history_is_damaged) impl->writer->SaveHistory(impl->image.history());
    if (impl->first.has_value()) impl->writer->Take(*std::move(impl->first));
    impl->image = Image();
    impl->writer->Flush();
    impl->loop->Run();
  });
}

uint64_t Journal::Append(Record record) {
  record.entry.set_number(++impl_->last_number);
  impl_->loop->mailbox().Post(
      [impl = impl_.get(), record = std::move(record)]() mutable { impl->writer->Take(std::move(record)); });
  return impl_->last_number;
}

void Journal::SaveVotes(VotePieces votes) {
  impl_->loop->mailbox().Post([impl = impl_.get(), votes = std::move(votes)] { impl->writer->SaveVotes(votes); });
}

const Condition& Journal::condition() const { return impl_->condition; }

}  // namespace fairlead::persistence
