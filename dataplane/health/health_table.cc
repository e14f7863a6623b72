#include "dataplane/health/health_table.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <new>
#include <numeric>
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
  class Server;

  // What somebody has said about a server.
  struct Spoken {
    Spoken(Impl* table, Server* server)
        : table(table), server(server), words(server->added_ms()), lease_end(&OnLeaseEnd, this) {}

    Impl* const table;
    Server* const server;
    ServerWords words;
    event::Timer lease_end;  // at the first of the leases to end
  };

  // There may be 100,000, and nobody may speak of most of them: one allocation, of 18 bytes and the id.
  class Server {
   public:
    struct Delete {
      void operator()(Server* server) const {
        server->~Server();
        ::operator delete(server);
      }
    };
    using Ptr = std::unique_ptr<Server, Delete>;

    static Ptr Make(NamePool::Name backend, std::string_view id, uint64_t added_ms) {
      void* place = ::operator new(std::max(sizeof(Server), offsetof(Server, id_text_) + id.size()));
      return Ptr(new (place) Server(std::move(backend), id, added_ms));
    }
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    std::string_view backend() const { return backend_.view(); }
    std::string_view id() const { return {id_text_, id_size_}; }
    // Null before the first word.
    Spoken* spoken() const { return is_spoken_of_ ? spoken_ : nullptr; }
    // When it was added. Before the first word.
    uint64_t added_ms() const { return added_ms_; }
    void SetSpoken(std::unique_ptr<Spoken> spoken) {
      spoken_ = spoken.release();
      is_spoken_of_ = true;
    }

   private:
    Server(NamePool::Name backend, std::string_view id, uint64_t added_ms)
        : backend_(std::move(backend)), added_ms_(added_ms), is_spoken_of_(false), id_size_(id.size()) {
      std::copy(id.begin(), id.end(), id_text_);
    }
    ~Server() {
      if (is_spoken_of_) delete spoken_;
    }

    NamePool::Name backend_;
    union {
      uint64_t added_ms_;
      Spoken* spoken_;  // owned
    };
    uint16_t is_spoken_of_ : 1;
    uint16_t id_size_ : 15;  // the control side allows 128 bytes
    char id_text_[];
  };

  struct Key {
    std::string_view backend;
    std::string_view id;

    bool operator==(const Key&) const = default;
  };
  static Key KeyOf(const Key& key) { return key; }
  static Key KeyOf(const Server::Ptr& server) { return {server->backend(), server->id()}; }

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

  Spoken& SpokenOf(Server* server) {
    if (server->spoken() == nullptr) server->SetSpoken(std::make_unique<Spoken>(this, server));
    return *server->spoken();
  }
  const Decision& DecisionOn(const Server& server) {
    if (server.spoken() != nullptr) return server.spoken()->words.decision();
    nobodys.since_ms = server.added_ms();
    return nobodys;
  }

  // `speaker`: null where it is known that its author may.
  absl::Status Take(const Report& report, Speaker* speaker, Refusal* refusal);
  absl::Status CountedTake(const Report& report, Speaker* speaker);
  // The timer at the first end of a lease, and the word if health is another than `before`.
  void Follow(Spoken& spoken, Health before);
  static void OnLeaseEnd(void* spoken);

  event::TimerWheel* const timers;
  OnChange on_change;
  NamePool names;
  absl::flat_hash_set<Server::Ptr, Hash, Same> servers;
  Decision nobodys;  // on the server of which nobody has spoken that was asked for last
  uint64_t arrivals = 0;
  uint64_t accepted = 0;
  std::array<uint64_t, kRefusals> refused{};
  Reporters reporters;
  uint64_t expired = 0;
};

absl::Status HealthTable::Impl::CountedTake(const Report& report, Speaker* speaker) {
  Refusal refusal = Refusal::kMalformed;
  absl::Status status = Take(report, speaker, &refusal);
  ++(status.ok() ? accepted : refused[static_cast<size_t>(refusal)]);
  return status;
}

absl::Status HealthTable::Impl::Take(const Report& report, Speaker* speaker, Refusal* refusal) {
  if (absl::Status status = CheckReport(report); !status.ok()) return status;
  if (speaker != nullptr) {
    if (absl::Status status = speaker->Check(report, refusal); !status.ok()) return status;
  }
  Server* server = Find(report.backend, report.server);
  if (server == nullptr) {
    *refusal = Refusal::kNoSuchServer;
    return absl::NotFoundError(
        base::StrCat("server ", Quote(base::StrCat(report.backend, "/", report.server)), ": no such server"));
  }
  Spoken& spoken = SpokenOf(server);
  const Health before = spoken.words.decision().health;
  absl::Status status = spoken.words.Take(report, &names, ++arrivals, timers->now_ms());
  if (status.ok()) {
    Follow(spoken, before);
  } else {
    *refusal = absl::IsResourceExhausted(status) ? Refusal::kTooManyReporters : Refusal::kStale;
  }
  return status;
}

void HealthTable::Impl::Follow(Spoken& spoken, Health before) {
  const uint64_t first = spoken.words.FirstLeaseEnd();
  if (first == ServerWords::kNever) {
    timers->Cancel(&spoken.lease_end);
  } else {
    timers->Schedule(&spoken.lease_end, first - std::min(first, timers->now_ms()));
  }
  const Health health = spoken.words.decision().health;
  if (health != before) on_change(spoken.server->backend(), spoken.server->id(), health);
}

void HealthTable::Impl::OnLeaseEnd(void* context) {
  Spoken& spoken = *static_cast<Spoken*>(context);
  const Health before = spoken.words.decision().health;
  spoken.table->expired += spoken.words.EndLeases(spoken.table->timers->now_ms());
  spoken.table->Follow(spoken, before);
}

HealthTable::HealthTable(event::TimerWheel* timers, OnChange on_change)
    : impl_(std::make_unique<Impl>(timers, std::move(on_change))) {}

HealthTable::~HealthTable() = default;

void HealthTable::AddServer(std::string_view backend, std::string_view server) {
  if (impl_->Find(backend, server) != nullptr) return;
  impl_->servers.insert(Impl::Server::Make(impl_->names.Get(backend), server, impl_->timers->now_ms()));
}

void HealthTable::RemoveServer(std::string_view backend, std::string_view server) {
  auto place = impl_->servers.find(Impl::Key{backend, server});
  if (place != impl_->servers.end()) impl_->servers.erase(place);
}

const Decision& HealthTable::SetControllerWord(std::string_view backend, std::string_view server, Health health,
                                               std::string_view reason) {
  Impl::Server* spoken_of = impl_->Find(backend, server);
  if (health == Health::kUnknown && spoken_of->spoken() == nullptr) return impl_->DecisionOn(*spoken_of);
  ServerWords& words = impl_->SpokenOf(spoken_of).words;
  words.SetControllerWord(health, reason, &impl_->names, ++impl_->arrivals, impl_->timers->now_ms());
  return words.decision();
}

Health HealthTable::controller_word(std::string_view backend, std::string_view server) const {
  const Impl::Server* found = impl_->Find(backend, server);
  return found == nullptr || found->spoken() == nullptr ? Health::kUnknown : found->spoken()->words.controller_word();
}

Health HealthTable::HealthByReports(std::string_view backend, std::string_view server) const {
  const Impl::Server* found = impl_->Find(backend, server);
  return found == nullptr || found->spoken() == nullptr ? Health::kUnknown : found->spoken()->words.HealthByReports();
}

absl::Status HealthTable::Take(const Report& report) { return impl_->CountedTake(report, nullptr); }

absl::Status HealthTable::Take(const Report& report, Speaker& speaker) { return impl_->CountedTake(report, &speaker); }

const Reporters& HealthTable::reporters() const { return impl_->reporters; }

void HealthTable::ChangeReporters(const std::vector<std::string>& removed, const std::vector<ReporterPtr>& put) {
  if (removed.empty() && put.empty()) return;
  for (const std::string& id : removed) impl_->reporters.Remove(id);
  for (const ReporterPtr& reporter : put) impl_->reporters.Put(reporter);
  if (impl_->reporters.empty()) return;
  const auto may_speak = [this](std::string_view author, std::string_view backend) {
    const Reporter* reporter = impl_->reporters.Find(author);
    return reporter != nullptr && reporter->backends.Match(backend);
  };
  for (const Impl::Server::Ptr& server : impl_->servers) {
    Impl::Spoken* spoken = server->spoken();
    if (spoken == nullptr) continue;
    const Health before = spoken->words.decision().health;
    if (spoken->words.EndWords([&](std::string_view author) { return !may_speak(author, server->backend()); },
                               impl_->timers->now_ms())) {
      impl_->Follow(*spoken, before);
    }
  }
}

const Decision* HealthTable::Find(std::string_view backend, std::string_view server) const {
  const Impl::Server* found = impl_->Find(backend, server);
  return found == nullptr ? nullptr : &impl_->DecisionOn(*found);
}

void HealthTable::ForEachVote(std::string_view backend, std::string_view server,
                              const std::function<void(const Vote&)>& visit) const {
  const Impl::Server* found = impl_->Find(backend, server);
  if (found != nullptr && found->spoken() != nullptr) found->spoken()->words.ForEachVote(visit);
}

uint64_t HealthTable::reports_accepted() const { return impl_->accepted; }
uint64_t HealthTable::reports_refused() const {
  return std::accumulate(impl_->refused.begin(), impl_->refused.end(), uint64_t{0});
}
uint64_t HealthTable::reports_refused(Refusal why) const { return impl_->refused[static_cast<size_t>(why)]; }
uint64_t HealthTable::leases_expired() const { return impl_->expired; }

}  // namespace fairlead::health
