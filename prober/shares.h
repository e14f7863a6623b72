#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace fairlead::prober {

// A prober that is there, with the proxies that take its reports.
struct Member {
  std::string id;
  std::vector<uint64_t> proxies = {};  // hashes of their addresses

  bool operator==(const Member&) const = default;
};

// Which servers this prober checks: rendezvous hashing gives each server its `replicas` probers, those whose hash with
// it is greatest. One prober less moves its own servers alone, and each of them to one prober more.
//
// It is done for each proxy by itself, among those probers whose reports it takes: to a proxy that one of them can't
// reach, that one is as good as gone. A prober that reaches none shares with all that are there, to have an answer when
// it does. Whoever sees fewer members than the others do checks more than they think, never less.
//
// An immutable value.
class Shares {
 public:
  // Nobody else is there.
  Shares() = default;
  Shares(const Member& self, const std::vector<Member>& others, uint32_t replicas);

  // Of a server, by the hash of its name ("web/w1").
  bool Has(uint64_t server) const;

  bool operator==(const Shares&) const = default;

 private:
  // The hashes of the others' ids, for one proxy or more: in order, no two sets the same.
  std::vector<std::vector<uint64_t>> others_ = {{}};
  uint64_t self_ = 0;
  uint32_t replicas_ = 1;
};

}  // namespace fairlead::prober
