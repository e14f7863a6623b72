#include "dataplane/persistence/test_records.h"

#include <cstdlib>
#include <memory>
#include <utility>

#include "api/fingerprint/fingerprint.h"
#include "google/protobuf/text_format.h"

namespace fairlead::persistence {

void RecordMaker::Parse(const std::string& text, google::protobuf::Message& message) {
  if (!google::protobuf::TextFormat::ParseFromString(text, &message)) std::abort();
}

Record RecordMaker::Snapshot(const std::string& text) {
  auto change = std::make_shared<v1::Transaction>();
  Parse(text, *change->mutable_snapshot());
  return Finish(std::move(change));
}

Record RecordMaker::Finish(std::shared_ptr<v1::Transaction> change) {
  Record record;
  record.change = change;
  const uint64_t number = image_.number() + 1;
  image_.Change(*change);
  record.entry.set_number(number);
  record.entry.set_leader_epoch(number);
  record.entry.set_transaction_hash(number);
  v1::HistoryEntry& revision = *record.entry.mutable_revision();
  revision.set_revision(number);
  revision.set_transaction_id("transaction " + std::to_string(number));
  revision.set_fingerprint(api::OfSnapshot(image_.MakeSnapshot()).ToHex());
  image_.End(record.entry);
  return record;
}

void RecordMaker::ApplyTo(Image& image, const Record& record) {
  if (record.change != nullptr) image.Change(*record.change);
  image.End(record.entry);
}

}  // namespace fairlead::persistence
