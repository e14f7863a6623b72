#include "dataplane/persistence/image.h"

#include <algorithm>
#include <memory>
#include <set>
#include <utility>

#include "api/fingerprint/canonical_bytes.h"
#include "api/fingerprint/fingerprint.h"
#include "dataplane/base/absl_strings.h"
#include "dataplane/persistence/resource_key.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/wire_format_lite.h"

namespace fairlead::persistence {
namespace {

using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedOutputStream;

// As one of Transaction.operations.
void AppendOperation(const std::string& operation, std::string& transaction) {
  uint8_t head[10];
  const uint32_t tag =
      WireFormatLite::MakeTag(v1::Transaction::kOperationsFieldNumber, WireFormatLite::WIRETYPE_LENGTH_DELIMITED);
  uint8_t* end = CodedOutputStream::WriteVarint32ToArray(tag, head);
  end = CodedOutputStream::WriteVarint32ToArray(static_cast<uint32_t>(operation.size()), end);
  transaction.append(head, end);
  transaction += operation;
}

v1::Applied AnswerOf(const v1::HistoryEntry& revision) {
  v1::Applied applied;
  applied.set_transaction_id(revision.transaction_id());
  applied.set_revision(revision.revision());
  applied.set_fingerprint(revision.fingerprint());
  applied.set_added(revision.added());
  applied.set_changed(revision.changed());
  applied.set_removed(revision.removed());
  applied.set_saved(true);
  return applied;
}

}  // namespace

void Image::Remove(const v1::Operation& operation) {
  const ResourceKey key = KeyOf(operation);
  if (key.kind == v1::Operation::kUpsertBackend) {
    NoteWhole(key.id);
    backends_.erase(key.id);
    return;
  }
  Note(key);
  if (key.kind != v1::Operation::kUpsertServer && key.kind != v1::Operation::kSetHealth) {
    kinds_[key.kind].erase(key.id);
  } else if (const auto backend = backends_.find(key.backend); backend != backends_.end()) {
    if (key.kind == v1::Operation::kUpsertServer) Note({v1::Operation::kSetHealth, key.backend, key.id});
    backend->second.health.erase(key.id);
    if (key.kind == v1::Operation::kUpsertServer) backend->second.servers.erase(key.id);
  }
}

void Image::Put(const v1::Operation& operation) {
  const ResourceKey key = KeyOf(operation);
  Note(key);
  if (std::string* place = FindPlace(key)) api::CanonicalBytes(operation, *place);
}

const std::string* Image::Find(const ResourceKey& key) const {
  const auto at = [](const Resources& resources, const std::string& id) {
    const auto place = resources.find(id);
    return place == resources.end() ? nullptr : &place->second;
  };
  const bool is_of_backend = key.kind == v1::Operation::kUpsertServer || key.kind == v1::Operation::kSetHealth;
  if (key.kind != v1::Operation::kUpsertBackend && !is_of_backend) {
    const auto kind = kinds_.find(key.kind);
    return kind == kinds_.end() ? nullptr : at(kind->second, key.id);
  }
  const auto backend = backends_.find(is_of_backend ? key.backend : key.id);
  if (backend == backends_.end()) return nullptr;
  if (!is_of_backend) return &backend->second.operation;
  return at(key.kind == v1::Operation::kUpsertServer ? backend->second.servers : backend->second.health, key.id);
}

std::string* Image::FindPlace(const ResourceKey& key) {
  if (key.kind == 0) return nullptr;
  if (key.kind == v1::Operation::kUpsertBackend) return &backends_[key.id].operation;
  if (key.kind != v1::Operation::kUpsertServer && key.kind != v1::Operation::kSetHealth) {
    return &kinds_[key.kind][key.id];
  }
  const auto backend = backends_.find(key.backend);
  if (backend == backends_.end()) return nullptr;
  if (key.kind == v1::Operation::kUpsertServer) return &backend->second.servers[key.id];
  return backend->second.servers.contains(key.id) ? &backend->second.health[key.id] : nullptr;
}

void Image::Change(const v1::Transaction& change) {
  if (change.has_snapshot()) return Replace(change.snapshot());
  if (on_trial()) {
    for (const v1::Operation& operation : change.operations()) *trial_.add_changed_later() = operation;
  }
  // The order of operations means nothing: what goes first, then backends before servers, and these before words.
  for (const v1::Operation& operation : change.operations()) {
    if (Removes(operation)) Remove(operation);
  }
  const auto rank = [](const v1::Operation& operation) {
    return operation.has_set_health() ? 2 : operation.has_upsert_server() ? 1 : 0;
  };
  for (int turn = 0; turn <= 2; ++turn) {
    for (const v1::Operation& operation : change.operations()) {
      if (!Removes(operation) && rank(operation) == turn) Put(operation);
    }
  }
}

void Image::Replace(const v1::Snapshot& snapshot) {
  for (const auto& [kind, resources] : kinds_) {
    for (const auto& [id, operation] : resources) Note({kind, "", id});
  }
  for (const auto& [id, backend] : backends_) NoteWhole(id);
  kinds_.clear();
  backends_.clear();
  v1::Operation operation;
  const google::protobuf::Reflection& reflection = *v1::Snapshot::GetReflection();
  const google::protobuf::Descriptor& fields = *v1::Snapshot::descriptor();
  for (int i = 0; i < fields.field_count(); ++i) {
    const google::protobuf::FieldDescriptor* const field = fields.field(i);
    const google::protobuf::FieldDescriptor* const upsert = FieldInOperation(*field);
    if (field->number() == v1::Snapshot::kBackendsFieldNumber || field->number() == v1::Snapshot::kHealthFieldNumber) {
      continue;
    }
    for (int resource = 0; resource < reflection.FieldSize(snapshot, field); ++resource) {
      v1::Operation::GetReflection()
          ->MutableMessage(&operation, upsert)
          ->CopyFrom(reflection.GetRepeatedMessage(snapshot, field, resource));
      Put(operation);
    }
  }
  for (const v1::Backend& backend : snapshot.backends()) PutWhole(backend);
  for (const v1::HealthState& word : snapshot.health()) {
    *operation.mutable_set_health() = word;
    if (!Removes(operation)) Put(operation);
  }
}

void Image::PutWhole(const v1::Backend& backend) {
  v1::Operation operation = UpsertOfSettings(backend);
  Put(operation);
  operation.mutable_upsert_server()->set_backend(backend.id());
  for (const v1::Server& server : backend.servers()) {
    *operation.mutable_upsert_server()->mutable_server() = server;
    Put(operation);
  }
}

void Image::Add(const Answers& answers) {
  answers_.insert(answers_.end(), answers.answers().begin(), answers.answers().end());
  while (answers_.size() > kMaxAnswers) answers_.pop_front();
}

void Image::End(const Entry& entry) {
  number_ = entry.number();
  leader_epoch_ = entry.leader_epoch();
  if (entry.trial_ended() != v1::HistoryEntry::NONE) {
    history_.SetTrial(trial_.revision().revision(), entry.trial_ended());
    trial_.Clear();
  }
  if (entry.has_trial()) trial_ = entry.trial();
  Undo undo = TakeUndo();
  if (!entry.has_revision()) return;
  if (!history_.revisions().empty() && entry.revision().revision() == revision().revision()) {
    // All of it, once more.
    history_.SetNewest(entry.revision());
  } else {
    Revision made;
    *made.mutable_entry() = entry.revision();
    // Else this is what a file began with.
    if (entry.revision().revision() == revision().revision() + 1) *made.mutable_undo() = std::move(undo);
    history_.Add(std::move(made));
  }
  if (entry.transaction_hash() == 0) return;  // the proxy made it by itself
  Answer& answer = answers_.emplace_back();
  answer.set_transaction_hash(entry.transaction_hash());
  *answer.mutable_applied() = AnswerOf(revision());
  if (answers_.size() > kMaxAnswers) answers_.pop_front();
}

bool Image::is_nothing() const {
  return backends_.empty() &&
         std::all_of(kinds_.begin(), kinds_.end(), [](const auto& kind) { return kind.second.empty(); });
}

void Image::Note(const ResourceKey& key) {
  if (was_nothing_ || key.kind == 0) return;
  const std::string* const is = Find(key);
  before_.try_emplace(key, is == nullptr ? "" : *is);
}

void Image::NoteWhole(const std::string& id) {
  Note({v1::Operation::kUpsertBackend, "", id});
  const auto backend = backends_.find(id);
  if (was_nothing_ || backend == backends_.end()) return;
  for (const auto& [server, operation] : backend->second.servers) Note({v1::Operation::kUpsertServer, id, server});
  for (const auto& [server, operation] : backend->second.health) Note({v1::Operation::kSetHealth, id, server});
}

Undo Image::TakeUndo() {
  Undo undo;
  undo.set_to_nothing(was_nothing_);
  for (const auto& [key, was] : std::exchange(before_, {})) {
    const std::string* const is = Find(key);
    if (was == (is == nullptr ? "" : *is)) continue;
    AppendOperation(was.empty() ? RemovalOf(key).SerializeAsString() : was, *undo.mutable_operations());
  }
  was_nothing_ = is_nothing();
  return undo;
}

Record Image::Revert(uint64_t now_ms) {
  std::set<ResourceKey> changed_later;
  for (const v1::Operation& operation : trial_.changed_later()) changed_later.insert(KeyOf(operation));
  v1::Transaction undo;
  undo.ParseFromString(trial_.undo());
  auto change = std::make_shared<v1::Transaction>();
  if (trial_.undo_to_nothing()) change->mutable_snapshot();
  for (v1::Operation& operation : *undo.mutable_operations()) {
    if (!changed_later.contains(KeyOf(operation))) *change->add_operations() = std::move(operation);
  }
  const v1::HistoryEntry tried = trial_.revision();
  Change(*change);

  Record record;
  record.change = std::move(change);
  Entry& entry = record.entry;
  entry.set_trial_ended(v1::HistoryEntry::REVERTED);
  entry.set_number(number_ + 1);
  entry.set_leader_epoch(leader_epoch_);
  v1::HistoryEntry& revision = *entry.mutable_revision();
  revision.set_revision(history_.newest().revision() + 1);
  revision.set_fingerprint(api::OfSnapshot(MakeSnapshot()).ToHex());
  revision.set_time_ms(now_ms);
  revision.set_transaction_id(base::StrCat("revert of revision ", tried.revision()));
  revision.set_author("fairlead");
  revision.set_source("proxy");
  revision.set_comment(base::StrCat("revision ", tried.revision(), " was on trial when the proxy ended"));
  revision.set_rollback_to(tried.revision() - 1);
  End(entry);
  return record;
}

void Image::ForEachOperation(const std::function<void(const std::string& operation)>& visit) const {
  for (const auto& [kind, resources] : kinds_) {
    for (const auto& [id, operation] : resources) visit(operation);
  }
  for (const auto& [id, backend] : backends_) {
    visit(backend.operation);
    for (const auto& [server, operation] : backend.servers) visit(operation);
    for (const auto& [server, operation] : backend.health) visit(operation);
  }
}

v1::Snapshot Image::MakeSnapshot() const {
  v1::Snapshot snapshot;
  const google::protobuf::Reflection& reflection = *v1::Snapshot::GetReflection();
  const google::protobuf::Reflection& of_operation = *v1::Operation::GetReflection();
  ForEachOperation([&](const std::string& bytes) {
    v1::Operation operation;
    operation.ParseFromString(bytes);
    if (operation.has_upsert_server()) {  // of the backend before it
      *snapshot.mutable_backends()->rbegin()->add_servers() =
          std::move(*operation.mutable_upsert_server()->mutable_server());
      return;
    }
    const google::protobuf::FieldDescriptor* const field = FieldInSnapshot(operation);
    google::protobuf::Message* const resource = of_operation.MutableMessage(&operation, FieldInOperation(*field));
    google::protobuf::Message* const place = reflection.AddMessage(&snapshot, field);
    place->GetReflection()->Swap(place, resource);
  });
  return snapshot;
}

bool Image::FingerprintIsRight() const {
  if (revision().revision() == 0) return true;
  return api::OfSnapshot(MakeSnapshot()).ToHex() == revision().fingerprint();
}

void Image::Write(const std::function<void(FrameType, std::string_view payload)>& write) const {
  v1::Transaction nothing;
  nothing.mutable_snapshot();
  write(FrameType::kChange, nothing.SerializeAsString());
  std::string piece;
  const auto write_piece = [&] {
    write(FrameType::kChange, piece);
    piece.clear();
  };
  ForEachOperation([&](const std::string& operation) {
    AppendOperation(operation, piece);
    if (piece.size() >= kPieceBytes) write_piece();
  });
  if (!piece.empty()) write_piece();
  Answers answers;
  answers.mutable_answers()->Add(answers_.begin(), answers_.end());
  if (!answers_.empty()) write(FrameType::kAnswers, answers.SerializeAsString());
  Entry entry;
  entry.set_number(number_);
  if (revision().revision() != 0) *entry.mutable_revision() = revision();
  entry.set_leader_epoch(leader_epoch_);
  if (on_trial()) *entry.mutable_trial() = trial_;
  write(FrameType::kEntry, entry.SerializeAsString());
}

}  // namespace fairlead::persistence
