#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "dataplane/config/route_table.h"
#include "dataplane/config/slots.h"
#include "dataplane/routing/domain_index.h"
#include "dataplane/routing/request_view.h"
#include "dataplane/routing/rule_index.h"

namespace fairlead::routing {

// Where a request belongs. Both live as long as the router.
struct RouteResult {
  const config::VirtualHost* host = nullptr;  // null: no virtual host is for this name
  const config::RouteRule* rule = nullptr;    // null: none of the host's rules matches
};

// A route table, compiled. Made by the control side, immutable, read by all workers at once, destroyed by the control
// side. Takes any table; that it makes sense is the compiler's to see to.
class Router {
 public:
  // `table` is not null.
  explicit Router(std::shared_ptr<const config::RouteTable> table);
  Router(const Router&) = delete;
  Router& operator=(const Router&) = delete;

  // The host: the one that names the request's host exactly, else the one with the longest "*.suffix" of it, else the
  // one with "*". Then the first of its rules that matches; no other host is tried. For CONNECT, which has no path,
  // these are the rules that allow it.
  //
  // Of the authority the port does not matter, nor do case and a dot at the end; an IPv6 address is in brackets, here
  // as in the table. Whatever is no host's name, the empty authority among it, belongs to "*".
  //
  // Follows the authority's and the path's bytes once, whatever the number of hosts and rules (see RuleIndex);
  // allocates nothing, but for regular expressions.
  RouteResult Match(const RequestView& request) const;

  const config::RouteTable& table() const { return *table_; }

 private:
  struct Host {
    const config::VirtualHost* host;
    RuleIndex rules;
  };

  const std::shared_ptr<const config::RouteTable> table_;
  std::vector<Host> hosts_;  // as in the table
  DomainIndex domains_;      // of indexes into hosts_
};

// A rule without a backend to choose.
constexpr config::BackendSlot kNoBackend = UINT32_MAX;

// One of the rule's backends by weight; `random` is any number, each as likely. kNoBackend when none has a weight.
config::BackendSlot ChooseBackend(const config::RouteRule& rule, uint64_t random);

}  // namespace fairlead::routing
