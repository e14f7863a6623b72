#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <string_view>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/hash/hash.h"
#include "dataplane/base/absl_strings.h"
#include "dataplane/event/timer_wheel.h"
#include "dataplane/health/backend_state.h"
#include "dataplane/health/judgement.h"
#include "dataplane/health/votes.h"

namespace fairlead::health {

class ServerNode;

// What is known of a server of which somebody has spoken, or whose backend has rules.
struct Spoken {
  Spoken(void (*on_moment)(void*), void* table, ServerNode* server, uint64_t now_ms)
      : table(table), server(server), judgement(now_ms), timer(on_moment, this) {}

  void* const table;
  ServerNode* const server;
  Votes votes;
  Judgement judgement;
  event::Timer timer;  // when a lease ends, or a hold
};

// A server of the health table. There may be 100,000, and nobody may speak of most of them: one allocation, of 18 bytes
// and the id.
class ServerNode {
 public:
  struct Delete {
    void operator()(ServerNode* server) const {
      server->~ServerNode();
      ::operator delete(server);
    }
  };
  using Ptr = std::unique_ptr<ServerNode, Delete>;

  static Ptr Make(BackendName backend, std::string_view id, uint64_t added_ms) {
    void* place = ::operator new(std::max(sizeof(ServerNode), offsetof(ServerNode, id_text_) + id.size()));
    return Ptr(new (place) ServerNode(std::move(backend), id, added_ms));
  }
  ServerNode(const ServerNode&) = delete;
  ServerNode& operator=(const ServerNode&) = delete;

  const BackendName& backend() const { return backend_; }
  std::string_view id() const { return {id_text_, id_size_}; }
  // It could be picked, but for its health.
  bool in_service() const { return in_service_; }
  void set_in_service(bool in_service) { in_service_ = in_service; }
  // Null before the first word.
  Spoken* spoken() const { return is_spoken_of_ ? spoken_ : nullptr; }
  // When it was added. Before the first word.
  uint64_t added_ms() const { return added_ms_; }
  void SetSpoken(std::unique_ptr<Spoken> spoken) {
    spoken_ = spoken.release();
    is_spoken_of_ = true;
  }

 private:
  ServerNode(BackendName backend, std::string_view id, uint64_t added_ms)
      : backend_(std::move(backend)),
        added_ms_(added_ms),
        is_spoken_of_(false),
        in_service_(false),
        id_size_(static_cast<uint16_t>(id.size())) {
    std::copy(id.begin(), id.end(), id_text_);
  }
  ~ServerNode() {
    if (is_spoken_of_) delete spoken_;
  }

  BackendName backend_;
  union {
    uint64_t added_ms_;
    Spoken* spoken_;  // owned
  };
  uint16_t is_spoken_of_ : 1;
  uint16_t in_service_ : 1;
  uint16_t id_size_ : 14;  // the control side allows 128 bytes
  char id_text_[];
};

// Names a server.
struct ServerKey {
  std::string_view backend;
  std::string_view id;

  bool operator==(const ServerKey&) const = default;
};

// All servers, by backend and id.
class ServerSet {
 public:
  ServerNode* Find(std::string_view backend, std::string_view id) const {
    const auto place = servers_.find(ServerKey{backend, id});
    return place == servers_.end() ? nullptr : place->get();
  }
  void Insert(ServerNode::Ptr server) { servers_.insert(std::move(server)); }
  // Null: there is none.
  ServerNode::Ptr Extract(std::string_view backend, std::string_view id) {
    const auto place = servers_.find(ServerKey{backend, id});
    if (place == servers_.end()) return nullptr;
    return std::move(servers_.extract(place).value());
  }
  template <typename Visit>
  void ForEach(Visit visit) const {
    for (const ServerNode::Ptr& server : servers_) visit(*server);
  }

 private:
  static ServerKey KeyOf(const ServerKey& key) { return key; }
  static ServerKey KeyOf(const ServerNode::Ptr& server) { return {server->backend().view(), server->id()}; }

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

  absl::flat_hash_set<ServerNode::Ptr, Hash, Same> servers_;
};

}  // namespace fairlead::health
