#include "controlplane-mock/status_file.h"

#include <cerrno>
#include <cstdio>
#include <fstream>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "api/yaml/yaml.h"

namespace fairlead::controlplane_mock {

Status DescribeStatus(const Controller& controller, const std::string& listening_on, const std::string& file_error) {
  Status status;
  status.set_listening_on(listening_on);
  status.set_desired_fingerprint(controller.desired().current()->fingerprint);
  status.set_file_error(file_error);
  for (const auto& [node_id, record] : controller.proxies()) {
    ProxyStatus& proxy = *status.add_proxies();
    proxy.set_node_id(node_id);
    proxy.set_zone(record.zone);
    proxy.set_state(record.streams > 0 ? ProxyStatus::CONNECTED : ProxyStatus::LOST);
    proxy.set_revision(record.revision);
    proxy.set_fingerprint(record.fingerprint);
    proxy.set_up_to_date(controller.up_to_date(record));
    proxy.set_last_error(record.last_error);
  }
  return status;
}

StoreStatus DescribeStore(const etcd::Store& store, TimePoint now) {
  StoreStatus status;
  status.set_role(now < store.leads_until()                                 ? StoreStatus::LEADING
                  : store.view().leader().has_value() && !store.is_leader() ? StoreStatus::FOLLOWING
                                                                            : StoreStatus::STANDING_BY);
  if (const std::optional<etcd::Leader>& leader = store.view().leader()) {
    status.set_leader(leader->name);
    status.set_leader_address(leader->address);
    status.set_leader_epoch(leader->epoch);
  }
  status.set_member(store.member());
  status.set_error(store.error());
  status.set_revision(store.view().revision());
  return status;
}

StatusFile::StatusFile(std::string path) : path_(std::move(path)) {}

absl::Status StatusFile::Write(const Status& status) {
  if (path_.empty()) return absl::OkStatus();
  absl::StatusOr<std::string> json = api::ToJson(status, {.print_defaults = true});
  if (!json.ok()) return json.status();
  if (*json == written_) return absl::OkStatus();
  const std::string temporary = path_ + ".tmp";
  std::ofstream file(temporary, std::ios::binary | std::ios::trunc);
  file << *json;
  file.close();
  if (!file || std::rename(temporary.c_str(), path_.c_str()) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat(path_, ": cannot be written"));
  }
  written_ = *std::move(json);
  return absl::OkStatus();
}

}  // namespace fairlead::controlplane_mock
