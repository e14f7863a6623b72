#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "dataplane/config/health_rules.h"
#include "dataplane/health/decision_log.h"
#include "dataplane/health/explanation.h"
#include "dataplane/health/server_node.h"

namespace fairlead::health {

// The decision on a server, in short and in full. `now_ms` is the table's.
Decision Describe(const ServerNode& server);
Explanation Explain(const ServerNode& server, const DecisionLog& log, uint64_t now_ms);

// "DOWN by 2 votes from 2 failure domains; UP by 1 vote; …", or "the word that came last".
std::string RuleText(const config::HealthRules* rules);
// "min_down", as the rule's field is called; empty for kNone.
std::string_view ToString(Hold::Why why);

}  // namespace fairlead::health
