#include "dataplane/persistence/state_file.h"

#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "dataplane/base/crc32c.h"
#include "dataplane/persistence/frames.h"
#include "dataplane/persistence/redo.h"
#include "dataplane/persistence/resource_key.h"
#include "dataplane/persistence/test_records.h"
#include "google/protobuf/descriptor.h"
#include "gtest/gtest.h"

namespace fairlead::persistence {
namespace {

// A file that begins with nothing and has these records.
std::string FileOf(const std::vector<Record>& records) {
  std::string file = MakeHeader(7);
  FrameWriter frames(ChecksumOf(file));
  const auto write = [&](FrameType type, std::string_view payload) { frames.Append(type, payload, file); };
  Image().Write(write);
  for (const Record& record : records) {
    write(FrameType::kChange, record.change->SerializeAsString());
    write(FrameType::kEntry, record.entry.SerializeAsString());
  }
  return file;
}

// All that an image says, but for its files' form.
std::string Describe(const Image& image) {
  std::string text;
  image.Write([&](FrameType, std::string_view payload) { text += payload; });
  return text;
}

std::vector<Record> SomeRecords() {
  RecordMaker maker;
  return {maker.Snapshot(R"(listeners { id: "web" address: "127.0.0.1:80" }
                            backends { id: "web" servers { id: "w1" address: "127.0.0.1:1" }
                                                 servers { id: "w2" address: "127.0.0.1:2" weight: 3 } }
                            backends { id: "api" }
                            health { backend: "web" server: "w1" status: DOWN })"),
          maker.Operations(R"(upsert_server { backend: "api" server { id: "a1" address: "127.0.0.1:3" } })"),
          maker.Operations(R"(set_health { backend: "web" server: "w2" status: UP reason: "by hand" })"),
          maker.Operations(R"(remove_backend: "web")", R"(remove_listener: "web")"),
          maker.Operations(R"(upsert_backend { id: "web" })",
                           R"(upsert_server { backend: "web" server { id: "w1" address: "127.0.0.1:9" } })")};
}

TEST(StateFile, SaysWhatItsRecordsMakeTogether) {
  const absl::StatusOr<StateFile> file = ReadStateFile(FileOf(SomeRecords()));
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(file->damage, "");
  EXPECT_TRUE(file->image.FingerprintIsRight());
  EXPECT_EQ(file->image.number(), 5u);
  EXPECT_EQ(file->image.revision().revision(), 5u);
  EXPECT_EQ(file->image.leader_epoch(), 5u);
  EXPECT_EQ(file->image.answers().size(), 5u);
  const v1::Snapshot config = file->image.MakeSnapshot();
  ASSERT_EQ(config.backends_size(), 2);
  EXPECT_EQ(config.backends(1).servers_size(), 1) << "removed servers do not come back with their backend";
  EXPECT_EQ(config.health_size(), 0) << "nor do words on them";
}

TEST(StateFile, WrittenAnewSaysTheSame) {
  const absl::StatusOr<StateFile> file = ReadStateFile(FileOf(SomeRecords()));
  std::string text = MakeHeader(8);
  FrameWriter frames(ChecksumOf(text));
  file->image.Write([&](FrameType type, std::string_view payload) { frames.Append(type, payload, text); });
  const absl::StatusOr<StateFile> anew = ReadStateFile(text);
  ASSERT_TRUE(anew.ok()) << anew.status();
  EXPECT_EQ(anew->damage, "");
  EXPECT_EQ(anew->first_bytes, text.size());
  EXPECT_EQ(Describe(anew->image), Describe(file->image));
}

// A cut anywhere: what the whole records before it say.
TEST(StateFile, CutAnywhereSaysWhatWasWhole) {
  const std::vector<Record> records = SomeRecords();
  std::vector<std::string> states;
  std::vector<size_t> ends;
  for (size_t count = 0; count <= records.size(); ++count) {
    const std::string text = FileOf({records.begin(), records.begin() + static_cast<ptrdiff_t>(count)});
    states.push_back(Describe(ReadStateFile(text)->image));
    ends.push_back(text.size());
  }
  const std::string text = FileOf(records);
  for (size_t size = 0; size < text.size(); ++size) {
    const absl::StatusOr<StateFile> file = ReadStateFile(std::string_view(text).substr(0, size));
    if (size < ends[0]) {
      EXPECT_TRUE(absl::IsDataLoss(file.status())) << size;
      continue;
    }
    size_t whole = 0;
    while (whole + 1 < ends.size() && ends[whole + 1] <= size) ++whole;
    ASSERT_TRUE(file.ok()) << size;
    EXPECT_EQ(Describe(file->image), states[whole]) << size;
    EXPECT_EQ(file->good_bytes, ends[whole]) << size;
    EXPECT_EQ(file->damage.empty(), size == ends[whole]) << size;
  }
}

// Any bit: never anything that was not a state once.
TEST(StateFile, WithAnyBitFlippedNeverSaysWhatWasNot) {
  const std::vector<Record> records = SomeRecords();
  std::set<std::string> states;
  for (size_t count = 0; count <= records.size(); ++count) {
    states.insert(
        Describe(ReadStateFile(FileOf({records.begin(), records.begin() + static_cast<ptrdiff_t>(count)}))->image));
  }
  std::string text = FileOf(records);
  for (size_t bit = 0; bit < 8 * text.size(); ++bit) {
    text[bit / 8] = static_cast<char>(text[bit / 8] ^ (1 << bit % 8));
    const absl::StatusOr<StateFile> file = ReadStateFile(text);
    text[bit / 8] = static_cast<char>(text[bit / 8] ^ (1 << bit % 8));
    if (!file.ok()) {
      EXPECT_TRUE(absl::IsDataLoss(file.status())) << bit;
      continue;
    }
    EXPECT_NE(file->damage, "") << bit;
    EXPECT_EQ(states.count(Describe(file->image)), 1u) << bit;
  }
}

// What an earlier file left in the same place of the disk is whole in itself, and must not count.
TEST(StateFile, DoesNotTakeRecordsOfAnotherFile) {
  const std::vector<Record> records = SomeRecords();
  const std::string earlier = FileOf(records);
  std::string text = MakeHeader(9);
  FrameWriter frames(ChecksumOf(text));
  Image().Write([&](FrameType type, std::string_view payload) { frames.Append(type, payload, text); });
  const size_t size = text.size();
  text += earlier.substr(size);
  const absl::StatusOr<StateFile> file = ReadStateFile(text);
  ASSERT_TRUE(file.ok());
  EXPECT_EQ(file->image.number(), 0u);
  EXPECT_EQ(file->good_bytes, size);
}

TEST(StateFile, LeavesNoRecordOut) {
  std::vector<Record> records = SomeRecords();
  records.erase(records.begin() + 1);
  const absl::StatusOr<StateFile> file = ReadStateFile(FileOf(records));
  ASSERT_TRUE(file.ok());
  EXPECT_EQ(file->image.number(), 1u);
  EXPECT_NE(file->damage, "");
}

TEST(StateFile, OfALaterVersionIsToldFromADamagedOne) {
  std::string header = MakeHeader(1);
  header[8] = 2;
  EXPECT_TRUE(absl::IsDataLoss(ReadStateFile(header).status())) << "a flipped bit, as far as anybody knows";
  const uint32_t checksum = base::Crc32c(std::string_view(header).substr(0, 20));
  for (size_t i = 0; i < 4; ++i) header[20 + i] = static_cast<char>(checksum >> (8 * i));
  const absl::Status status = ReadStateFile(header).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  EXPECT_EQ(status.message(), "it is of version 2, and this program reads version 1 alone");
}

// What belongs together in the API, so that a kind of resources that is new there is saved without anybody's help.
TEST(ResourceKey, KnowsEveryKindOfTheApi) {
  const google::protobuf::Descriptor& operations = *v1::Operation::descriptor();
  for (int i = 0; i < operations.field_count(); ++i) {
    const google::protobuf::FieldDescriptor& field = *operations.field(i);
    v1::Operation operation;
    const google::protobuf::Reflection& reflection = *operation.GetReflection();
    if (field.message_type() == nullptr) {
      reflection.SetString(&operation, &field, "x");
      EXPECT_TRUE(Removes(operation)) << field.name();
      EXPECT_EQ(RemovalField(KeyOf(operation).kind), &field) << field.name();
      continue;
    }
    google::protobuf::Message& resource = *reflection.MutableMessage(&operation, &field);
    if (operation.has_upsert_server() || operation.has_remove_server()) {
      EXPECT_EQ(KeyOf(operation).kind, v1::Operation::kUpsertServer);
      continue;
    }
    EXPECT_EQ(KeyOf(operation).kind, field.number());
    const google::protobuf::FieldDescriptor* const in_snapshot = FieldInSnapshot(operation);
    ASSERT_NE(in_snapshot, nullptr) << field.name();
    EXPECT_EQ(FieldInOperation(*in_snapshot), &field);
    if (operation.has_set_health()) continue;
    EXPECT_NE(resource.GetDescriptor()->FindFieldByName("id"), nullptr) << field.name();
    EXPECT_NE(RemovalField(field.number()), nullptr) << field.name();
  }
  const google::protobuf::Descriptor& snapshot = *v1::Snapshot::descriptor();
  for (int i = 0; i < snapshot.field_count(); ++i) {
    EXPECT_NE(FieldInOperation(*snapshot.field(i)), nullptr) << snapshot.field(i)->name();
  }
}

TEST(Redo, IsWhatASnapshotChangedAndNoMore) {
  auto whole = std::make_shared<v1::Transaction>();
  std::string servers;
  for (int i = 0; i < 100; ++i) servers += "servers { id: 's" + std::to_string(i) + "' address: '10.0.0.1:80' } ";
  RecordMaker::Parse("backends { id: 'web' " + servers +
                         "} backends { id: 'api' } health { backend: 'web' server: 's3' "
                         "status: UP }",
                     *whole->mutable_snapshot());
  v1::Transaction undo;
  const auto add = [&](const std::string& text) { RecordMaker::Parse(text, *undo.add_operations()); };
  add("upsert_server { backend: 'web' server { id: 's7' address: '10.0.0.9:80' } }");  // it was another
  add("upsert_server { backend: 'web' server { id: 'gone' address: '10.0.0.9:80' } }");
  add("remove_server { backend: 'web' server: 's9' }");  // it was not there
  add("remove_backend: 'api'");
  add("upsert_listener { id: 'web' }");
  add("set_health { backend: 'web' server: 's3' }");
  add("set_health { backend: 'web' server: 's4' status: DOWN }");
  const auto redo = MakeRedo(whole, undo.SerializeAsString());
  v1::Transaction wanted;
  RecordMaker::Parse(R"(operations { remove_listener: "web" }
                        operations { upsert_backend { id: "api" } }
                        operations { remove_server { backend: "web" server: "gone" } }
                        operations { upsert_server { backend: "web" server { id: "s7" address: "10.0.0.1:80" } } }
                        operations { upsert_server { backend: "web" server { id: "s9" address: "10.0.0.1:80" } } }
                        operations { set_health { backend: "web" server: "s3" status: UP } }
                        operations { set_health { backend: "web" server: "s4" } })",
                     wanted);
  EXPECT_EQ(redo->DebugString(), wanted.DebugString());
  EXPECT_EQ(MakeRedo(whole, whole->SerializeAsString()), whole) << "as much as the whole";
}

TEST(Image, GoesBackFromATrialLeavingLaterWordsAlone) {
  RecordMaker maker;
  Image image;
  maker.ApplyTo(image, maker.Snapshot(R"(backends { id: "web" servers { id: "w1" address: "127.0.0.1:1" } })"));
  const std::string before = image.revision().fingerprint();
  Record bold = maker.Operations(R"(remove_server { backend: "web" server: "w1" })");
  Trial& trial = *bold.entry.mutable_trial();
  *trial.mutable_revision() = bold.entry.revision();
  v1::Transaction undo;
  maker.Parse(R"(upsert_server { backend: "web" server { id: "w1" address: "127.0.0.1:1" } })", *undo.add_operations());
  trial.set_undo(undo.SerializeAsString());
  maker.ApplyTo(image, bold);
  EXPECT_TRUE(image.on_trial());

  const Record revert = image.Revert(1'000);
  EXPECT_FALSE(image.on_trial());
  EXPECT_EQ(image.revision().revision(), 3u);
  EXPECT_EQ(image.revision().fingerprint(), before);
  EXPECT_EQ(image.revision().rollback_to(), 1u);
  EXPECT_TRUE(image.FingerprintIsRight());
  EXPECT_EQ(revert.entry.number(), 3u);
}

TEST(Image, GoesBackToNothing) {
  RecordMaker maker;
  Image image;
  Record bold = maker.Snapshot(R"(backends { id: "web" })");
  *bold.entry.mutable_trial()->mutable_revision() = bold.entry.revision();
  bold.entry.mutable_trial()->set_undo_to_nothing(true);
  maker.ApplyTo(image, bold);
  image.Revert(1'000);
  EXPECT_EQ(image.MakeSnapshot().backends_size(), 0);
  EXPECT_EQ(image.revision().fingerprint(), std::string(32, '0'));
}

TEST(Image, ForgetsTheOldestAnswers) {
  RecordMaker maker;
  Image image;
  for (size_t i = 0; i < Image::kMaxAnswers + 10; ++i) maker.ApplyTo(image, maker.Snapshot(""));
  EXPECT_EQ(image.answers().size(), Image::kMaxAnswers);
  EXPECT_EQ(image.answers().back().applied().revision(), Image::kMaxAnswers + 10);
}

}  // namespace
}  // namespace fairlead::persistence
