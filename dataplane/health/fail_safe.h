#pragma once

#include <cstddef>
#include <cstdint>

#include "dataplane/config/health_rules.h"

namespace fairlead::health {

// What reports have taken out of one backend lately, and what is held back because that is the most there may be. Knows
// servers by their places in its two lists, which are parts of them. Costs O(1) for each change. For one thread; the
// time is the caller's.
class FailSafe {
 public:
  // A server's part.
  class Place {
   public:
    // `server`: whose it is.
    explicit Place(void* server = nullptr) : server_(server) {}
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place() { Unlink(); }

    bool taken() const { return owner_ != nullptr && !held_; }
    bool held() const { return owner_ != nullptr && held_; }
    void* server() const { return server_; }
    // Since when it is what it is.
    uint64_t since_ms() const { return since_ms_; }

   private:
    friend class FailSafe;
    void Unlink();

    void* const server_;
    FailSafe* owner_ = nullptr;  // null: in neither list
    Place* next_ = nullptr;
    Place* previous_ = nullptr;
    uint64_t since_ms_ = 0;
    bool held_ = false;
  };

  FailSafe() = default;
  FailSafe(const FailSafe&) = delete;
  FailSafe& operator=(const FailSafe&) = delete;
  ~FailSafe();

  // The most that may be out at a time, of so many servers in service: at least one.
  static size_t Limit(const config::FailSafe& rule, size_t in_service);

  // Forgets those that were taken `within` ago or longer.
  void Expire(const config::FailSafe& rule, uint64_t now_ms);
  // How many there are, of those that Expire left.
  size_t taken() const { return taken_.size; }
  size_t held() const { return held_.size; }
  // The first that was taken, and the first that waits; null: none.
  const Place* first_taken() const { return taken_.first; }
  Place* first_held() const { return held_.first; }

  // Puts it at the end of the one list, or of the other; one that is held already keeps its turn.
  void Take(Place* place, uint64_t now_ms);
  void Hold(Place* place, uint64_t now_ms);
  // Out of either.
  static void Drop(Place* place) { place->Unlink(); }

 private:
  struct List {
    Place* first = nullptr;
    Place* last = nullptr;
    size_t size = 0;
  };
  void Append(List& list, Place* place, uint64_t now_ms);

  List taken_;  // those first that were taken first
  List held_;
};

}  // namespace fairlead::health
