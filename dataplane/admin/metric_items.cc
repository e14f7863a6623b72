#include "dataplane/admin/metric_items.h"

namespace fairlead::admin {

bool ListenerItems::Next(std::optional<Item>* item) {
  if (slot_ == snapshot_->listeners.size()) return false;
  const config::Listener* listener = snapshot_->listeners[slot_++].get();
  if (listener != nullptr) *item = {listener};
  return true;
}

bool RuleItems::Next(std::optional<Item>* item) {
  if (slot_ == snapshot_->route_tables.size()) return false;
  const routing::Router* router = snapshot_->route_tables[slot_].get();
  if (router == nullptr || host_ == router->table().virtual_hosts.size()) {
    ++slot_;
    host_ = 0;
    return true;
  }
  const config::VirtualHost& host = router->table().virtual_hosts[host_];
  if (rule_ == host.rules.size()) {
    ++host_;
    rule_ = 0;
    return true;
  }
  *item = {&router->table(), &host, &host.rules[rule_++]};
  return true;
}

bool BackendItems::Next(std::optional<Item>* item) {
  if (slot_ == snapshot_->backends.size()) return false;
  const config::Backend* backend = snapshot_->backends[slot_++].get();
  if (backend != nullptr) *item = {backend};
  return true;
}

bool CertificateItems::Next(std::optional<Item>* item) {
  if (slot_ == snapshot_->certificates.size()) return false;
  const config::Certificate* certificate = snapshot_->certificates[slot_++].get();
  if (certificate != nullptr) *item = {certificate};
  return true;
}

bool ServerItems::Next(std::optional<Item>* item) {
  const ServerWalk::Step step = walk_.Next();
  if (step == ServerWalk::Step::kServer) *item = {walk_.backend().settings.get(), &walk_.server()};
  return step != ServerWalk::Step::kEnd;
}

}  // namespace fairlead::admin
