#pragma once

#include <array>
#include <cstddef>
#include <optional>

#include "dataplane/admin/server_walk.h"
#include "dataplane/config/snapshot.h"
#include "dataplane/metrics/prometheus_writer.h"
#include "dataplane/routing/router.h"

// What a revision has that is counted for, and the walks over all of it (see FamiliesSection).
namespace fairlead::admin {

struct ListenerItem {
  const config::Listener* listener;

  std::array<metrics::Label, 1> labels() const { return {{{"listener", listener->id}}}; }
  const metrics::ListenerCounters& counters() const { return *listener->counters; }
};

struct RuleItem {
  const config::RouteTable* table;
  const config::VirtualHost* host;
  const config::RouteRule* rule;

  std::array<metrics::Label, 3> labels() const {
    return {{{"route_table", table->id}, {"virtual_host", host->id}, {"rule", rule->id}}};
  }
  const metrics::RuleCounters& counters() const { return *rule->counters; }
};

struct BackendItem {
  const config::Backend* backend;

  std::array<metrics::Label, 1> labels() const { return {{{"backend", backend->settings->id}}}; }
  const metrics::BackendCounters& counters() const { return *backend->counters; }
};

struct ServerItem {
  const config::BackendSettings* backend;
  const config::Server* server;

  std::array<metrics::Label, 2> labels() const { return {{{"backend", backend->id}, {"server", server->id}}}; }
  const metrics::ServerCounters& counters() const { return *server->counters; }
};

struct CertificateItem {
  const config::Certificate* certificate;

  std::array<metrics::Label, 1> labels() const { return {{{"certificate", certificate->id}}}; }
};

class ListenerItems {
 public:
  using Item = ListenerItem;
  explicit ListenerItems(const config::Snapshot* snapshot) : snapshot_(snapshot) {}
  bool Next(std::optional<Item>* item);

 private:
  const config::Snapshot* snapshot_;
  size_t slot_ = 0;
};

class RuleItems {
 public:
  using Item = RuleItem;
  explicit RuleItems(const config::Snapshot* snapshot) : snapshot_(snapshot) {}
  bool Next(std::optional<Item>* item);

 private:
  const config::Snapshot* snapshot_;
  size_t slot_ = 0;
  size_t host_ = 0;
  size_t rule_ = 0;
};

class BackendItems {
 public:
  using Item = BackendItem;
  explicit BackendItems(const config::Snapshot* snapshot) : snapshot_(snapshot) {}
  bool Next(std::optional<Item>* item);

 private:
  const config::Snapshot* snapshot_;
  size_t slot_ = 0;
};

class CertificateItems {
 public:
  using Item = CertificateItem;
  explicit CertificateItems(const config::Snapshot* snapshot) : snapshot_(snapshot) {}
  bool Next(std::optional<Item>* item);

 private:
  const config::Snapshot* snapshot_;
  size_t slot_ = 0;
};

class ServerItems {
 public:
  using Item = ServerItem;
  explicit ServerItems(const config::Snapshot* snapshot) : walk_(snapshot) {}
  bool Next(std::optional<Item>* item);

 private:
  ServerWalk walk_;
};

}  // namespace fairlead::admin
