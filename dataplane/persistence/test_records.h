#pragma once

#include <string>

#include "dataplane/persistence/image.h"
#include "dataplane/persistence/record.h"

namespace fairlead::persistence {

// Makes records of revisions 1, 2, …, as the control side would, from protobuf texts.
class RecordMaker {
 public:
  Record Snapshot(const std::string& text);
  template <typename... Texts>
  Record Operations(const Texts&... texts) {
    auto change = std::make_shared<v1::Transaction>();
    (Parse(texts, *change->add_operations()), ...);
    return Finish(std::move(change));
  }

  static void ApplyTo(Image& image, const Record& record);
  static void Parse(const std::string& text, google::protobuf::Message& message);

 private:
  Record Finish(std::shared_ptr<v1::Transaction> change);

  Image image_;
};

}  // namespace fairlead::persistence
