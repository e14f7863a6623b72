#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "controlplane-mock/etcd/rpc.pb.h"

namespace fairlead::controlplane_mock::etcd {

// One YAML document of the store.
struct Document {
  std::string text{};
  int64_t mod_revision = 0;

  bool operator==(const Document&) const = default;
};
// By name: the key without PREFIX/config/.
using Documents = std::map<std::string, Document>;

// Who holds PREFIX/leader.
struct Leader {
  // What it says of itself; `name` is the whole value if that is not what a controller writes.
  std::string name{};
  std::string address{};
  // The revision that created the key: whoever leads next has a higher one.
  uint64_t epoch = 0;
  // That the key goes with; 0: it was put there by hand.
  int64_t lease = 0;

  bool operator==(const Leader&) const = default;
};

// What is below PREFIX/ at one revision: read once, then brought on by the events of a watch. Part of a Store.
class StoreView {
 public:
  // `prefix`: "/fairlead", without a slash at its end.
  explicit StoreView(std::string prefix) : prefix_(std::move(prefix)) {}

  // All keys of a view are in [begin, end).
  std::string begin() const { return prefix_ + "/"; }
  std::string end() const { return prefix_ + "0"; }  // '0' follows '/'
  std::string leader_key() const { return prefix_ + "/leader"; }
  std::string config_prefix() const { return prefix_ + "/config/"; }

  // Everything anew.
  void Read(const etcdserverpb::RangeResponse& response);
  // What has changed since.
  void Apply(const etcdserverpb::WatchResponse& response);

  // 0: nothing was read yet.
  int64_t revision() const { return revision_; }
  const Documents& documents() const { return documents_; }
  const std::optional<Leader>& leader() const { return leader_; }

  // The value of the leader's key.
  static std::string LeaderValue(const std::string& name, const std::string& address);

 private:
  void Put(const mvccpb::KeyValue& entry);
  void Delete(const std::string& key);

  const std::string prefix_;
  int64_t revision_ = 0;
  Documents documents_;
  std::optional<Leader> leader_;
};

}  // namespace fairlead::controlplane_mock::etcd
