#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "dataplane/base/absl_strings.h"
#include "dataplane/health/votes.h"

namespace fairlead::health {

// What was seen of reporters' incarnations and sequences for servers that have gone, in case they come back: a report
// that was on its way all the time is still an old one then. For an hour, and for the last 10,000 servers. For one
// thread.
class Departed {
 public:
  static constexpr size_t kMaxServers = 10'000;
  static constexpr uint64_t kKeepMs = 3'600'000;

  // All votes have ended.
  void Put(std::string_view backend, std::string_view server, Votes votes, uint64_t now_ms) {
    std::string name = base::StrCat(backend, "/", server);
    if (const auto before = places_.find(name); before != places_.end()) Erase(before->second);
    list_.push_back({name, now_ms, std::move(votes)});
    places_.emplace(std::move(name), std::prev(list_.end()));
    while (list_.size() > kMaxServers || list_.front().gone_ms + kKeepMs <= now_ms) Erase(list_.begin());
  }
  // None: it was never there, or too long ago.
  std::optional<Votes> Take(std::string_view backend, std::string_view server, uint64_t now_ms) {
    if (list_.empty()) return std::nullopt;
    const auto place = places_.find(base::StrCat(backend, "/", server));
    if (place == places_.end()) return std::nullopt;
    std::optional<Votes> votes;
    if (now_ms < place->second->gone_ms + kKeepMs) votes = std::move(place->second->votes);
    Erase(place->second);
    return votes;
  }
  size_t size() const { return list_.size(); }

 private:
  struct Server {
    std::string name;
    uint64_t gone_ms;
    Votes votes;
  };
  void Erase(std::list<Server>::iterator server) {
    places_.erase(server->name);
    list_.erase(server);
  }

  std::list<Server> list_;  // the first to go first
  absl::flat_hash_map<std::string, std::list<Server>::iterator> places_;
};

}  // namespace fairlead::health
