#include "controlplane-mock/etcd/store_view.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "api/yaml/yaml.h"
#include "controlplane-mock/etcd/leader.pb.h"

namespace fairlead::controlplane_mock::etcd {

void StoreView::Read(const etcdserverpb::RangeResponse& response) {
  documents_.clear();
  leader_.reset();
  for (const mvccpb::KeyValue& entry : response.kvs()) Put(entry);
  revision_ = response.header().revision();
}

void StoreView::Apply(const etcdserverpb::WatchResponse& response) {
  for (const mvccpb::Event& event : response.events()) {
    if (event.type() == mvccpb::Event::DELETE) {
      Delete(event.kv().key());
    } else {
      Put(event.kv());
    }
    revision_ = std::max(revision_, event.kv().mod_revision());
  }
}

void StoreView::Put(const mvccpb::KeyValue& entry) {
  if (absl::StartsWith(entry.key(), config_prefix())) {
    documents_[entry.key().substr(config_prefix().size())] = {.text = entry.value(),
                                                              .mod_revision = entry.mod_revision()};
  } else if (entry.key() == leader_key()) {
    LeaderRecord record;
    if (!api::ParseYaml(entry.value(), {}, &record).ok()) record.set_name(entry.value());
    leader_ = {.name = record.name(),
               .address = record.listening_on(),
               .epoch = static_cast<uint64_t>(entry.create_revision()),
               .lease = entry.lease()};
  }
}

void StoreView::Delete(const std::string& key) {
  if (absl::StartsWith(key, config_prefix())) {
    documents_.erase(key.substr(config_prefix().size()));
  } else if (key == leader_key()) {
    leader_.reset();
  }
}

std::string StoreView::LeaderValue(const std::string& name, const std::string& address) {
  LeaderRecord record;
  record.set_name(name);
  record.set_listening_on(address);
  return api::ToJson(record, {.one_line = true}).value_or(name);
}

}  // namespace fairlead::controlplane_mock::etcd
