#include "prober/server_list.h"

#include <iostream>
#include <set>
#include <utility>

#include "api/yaml/concat.h"
#include "ctl/environment.h"
#include "ctl/files.h"

namespace fairlead::prober {

bool ServerList::Apply(const v1::StateReport& report) {
  bool changed = !report.incremental();
  if (!report.incremental()) backends_.clear();
  // What went and came again in one revision is in both.
  for (const v1::RemovedResource& removed : report.removed()) {
    if (removed.kind() == v1::RemovedResource::BACKEND) changed |= backends_.erase(removed.id()) > 0;
    if (removed.kind() == v1::RemovedResource::SERVER) {
      const auto backend = backends_.find(removed.backend());
      if (backend != backends_.end()) changed |= backend->second.erase(removed.id()) > 0;
    }
  }
  for (const v1::Backend& backend : report.config().backends()) {
    auto& servers = backends_[backend.id()];
    for (const v1::Server& server : backend.servers()) {
      auto address = net::Address::Parse(server.address());
      if (!address.ok()) continue;
      net::Address& known = servers[server.id()];
      changed |= known != *address;
      known = *std::move(address);
    }
  }
  return changed;
}

size_t ServerList::size() const {
  size_t size = 0;
  for (const auto& [id, servers] : backends_) size += servers.size();
  return size;
}

std::vector<Target> Merge(const std::vector<const ServerList*>& lists) {
  std::map<std::pair<std::string, std::string>, net::Address> merged;
  for (const ServerList* list : lists) {
    for (const auto& [backend, servers] : list->backends_) {
      for (const auto& [server, address] : servers) merged.try_emplace({backend, server}, address);
    }
  }
  std::vector<Target> targets;
  targets.reserve(merged.size());
  for (const auto& [name, address] : merged) targets.push_back({name.first, name.second, address});
  return targets;
}

absl::StatusOr<std::vector<Target>> ServersOf(const v1::Snapshot& snapshot) {
  std::vector<Target> targets;
  std::vector<std::string> faults;
  std::set<std::string> names;
  for (const v1::Backend& backend : snapshot.backends()) {
    for (const v1::Server& server : backend.servers()) {
      const std::string path = api::Concat("backends[\"", backend.id(), "\"].servers[\"", server.id(), "\"]");
      if (backend.id().empty() || server.id().empty()) faults.push_back(api::Concat(path, ": want an id"));
      auto address = net::Address::Parse(server.address());
      if (!address.ok()) {
        faults.push_back(api::Concat(path, ".address: ", std::string(address.status().message())));
        continue;
      }
      Target target{backend.id(), server.id(), *std::move(address)};
      if (!names.insert(target.name()).second) faults.push_back(api::Concat(path, ": given twice"));
      targets.push_back(std::move(target));
    }
  }
  if (!faults.empty()) return absl::InvalidArgumentError(api::Join(faults, "\n"));
  return targets;
}

absl::StatusOr<std::vector<Target>> ReadServers(const std::string& file) {
  const ctl::Environment environment = {
      .in = std::cin, .out = std::cout, .err = std::cerr, .variable = {}, .catch_interrupts = {}};
  const absl::StatusOr<v1::Transaction> transaction = ctl::ReadFiles({file}, environment);
  if (!transaction.ok()) return transaction.status();
  if (!transaction->has_snapshot()) {
    return absl::InvalidArgumentError(api::Concat(file, ": want resources, or a transaction with a snapshot"));
  }
  absl::StatusOr<std::vector<Target>> targets = ServersOf(transaction->snapshot());
  if (targets.ok()) return targets;
  return absl::InvalidArgumentError(api::Concat(file, ":\n", std::string(targets.status().message())));
}

}  // namespace fairlead::prober
