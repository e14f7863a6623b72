#include "dataplane/health/health_table.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/hash/hash.h"
#include "dataplane/base/absl_strings.h"
#include "dataplane/health/name_pool.h"
#include "dataplane/health/quote.h"
#include "dataplane/health/server_words.h"

namespace fairlead::health {

using config::Health;

struct HealthTable::Impl {
  struct Server {
    explicit Server(Impl* table) : table(table), words(table->timers->now_ms()), lease_end(&OnLeaseEnd, this) {}

    Impl* const table;
    NamePool::Name backend;
    std::string id;
    ServerWords words;
    event::Timer lease_end;  // at the first of the leases to end
  };

  struct Key {
    std::string_view backend;
    std::string_view id;

    bool operator==(const Key&) const = default;
  };
  static Key KeyOf(const Key& key) { return key; }
  static Key KeyOf(const std::unique_ptr<Server>& server) { return {server->backend.view(), server->id}; }

  struct Hash {
    using is_transparent = void;
    template <typename T>
    size_t operator()(const T& server) const {
      return absl::HashOf(base::ToAbsl(KeyOf(server).backend), base::ToAbsl(KeyOf(server).id));
    }
  };
  struct Same {
    using is_transparent = void;
    template <typename T, typename U>
    bool operator()(const T& a, const U& b) const {
      return KeyOf(a) == KeyOf(b);
    }
  };

  Impl(event::TimerWheel* timers, OnChange on_change) : timers(timers), on_change(std::move(on_change)) {}

  Server* Find(std::string_view backend, std::string_view id) const {
    auto place = servers.find(Key{backend, id});
    return place == servers.end() ? nullptr : place->get();
  }

  absl::Status Take(const Report& report);
  // The timer at the first end of a lease, and the word if health is another than `before`.
  void Follow(Server* server, Health before);
  static void OnLeaseEnd(void* server);

  event::TimerWheel* const timers;
  OnChange on_change;
  NamePool names;
  absl::flat_hash_set<std::unique_ptr<Server>, Hash, Same> servers;
  uint64_t arrivals = 0;
  uint64_t accepted = 0;
  uint64_t refused = 0;
  uint64_t expired = 0;
};

absl::Status HealthTable::Impl::Take(const Report& report) {
  if (absl::Status status = CheckReport(report); !status.ok()) return status;
  Server* server = Find(report.backend, report.server);
  if (server == nullptr) {
    return absl::NotFoundError(
        base::StrCat("server ", Quote(base::StrCat(report.backend, "/", report.server)), ": no such server"));
  }
  const Health before = server->words.decision().health;
  absl::Status status = server->words.Take(report, &names, ++arrivals, timers->now_ms());
  if (status.ok()) Follow(server, before);
  return status;
}

void HealthTable::Impl::Follow(Server* server, Health before) {
  const uint64_t first = server->words.FirstLeaseEnd();
  if (first == ServerWords::kNever) {
    timers->Cancel(&server->lease_end);
  } else {
    timers->Schedule(&server->lease_end, first - std::min(first, timers->now_ms()));
  }
  const Health health = server->words.decision().health;
  if (health != before) on_change(server->backend.view(), server->id, health);
}

void HealthTable::Impl::OnLeaseEnd(void* context) {
  Server* server = static_cast<Server*>(context);
  const Health before = server->words.decision().health;
  server->table->expired += server->words.EndLeases(server->table->timers->now_ms());
  server->table->Follow(server, before);
}

HealthTable::HealthTable(event::TimerWheel* timers, OnChange on_change)
    : impl_(std::make_unique<Impl>(timers, std::move(on_change))) {}

HealthTable::~HealthTable() = default;

void HealthTable::AddServer(std::string_view backend, std::string_view server) {
  if (impl_->Find(backend, server) != nullptr) return;
  auto added = std::make_unique<Impl::Server>(impl_.get());
  added->backend = impl_->names.Get(backend);
  added->id = server;
  impl_->servers.insert(std::move(added));
}

void HealthTable::RemoveServer(std::string_view backend, std::string_view server) {
  auto place = impl_->servers.find(Impl::Key{backend, server});
  if (place != impl_->servers.end()) impl_->servers.erase(place);
}

const Decision& HealthTable::SetControllerWord(std::string_view backend, std::string_view server, Health health,
                                               std::string_view reason) {
  ServerWords& words = impl_->Find(backend, server)->words;
  words.SetControllerWord(health, reason, &impl_->names, ++impl_->arrivals, impl_->timers->now_ms());
  return words.decision();
}

Health HealthTable::controller_word(std::string_view backend, std::string_view server) const {
  const Impl::Server* found = impl_->Find(backend, server);
  return found == nullptr ? Health::kUnknown : found->words.controller_word();
}

absl::Status HealthTable::Take(const Report& report) {
  absl::Status status = impl_->Take(report);
  ++(status.ok() ? impl_->accepted : impl_->refused);
  return status;
}

const Decision* HealthTable::Find(std::string_view backend, std::string_view server) const {
  const Impl::Server* found = impl_->Find(backend, server);
  return found == nullptr ? nullptr : &found->words.decision();
}

uint64_t HealthTable::reports_accepted() const { return impl_->accepted; }
uint64_t HealthTable::reports_refused() const { return impl_->refused; }
uint64_t HealthTable::leases_expired() const { return impl_->expired; }

}  // namespace fairlead::health
