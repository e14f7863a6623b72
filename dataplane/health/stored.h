#pragma once

#include <cstdint>

#include "dataplane/config/health_rules.h"
#include "dataplane/health/server_node.h"
#include "dataplane/health/stored_server.h"

namespace fairlead::health {

// What is to outlive the process about a server of which somebody has spoken.
StoredServer ToStored(const ServerNode& server, uint64_t now_ms);

// Puts a vote back that was stored `elapsed_ms` ago.
void RestoreVote(const StoredServer::Vote& stored, uint64_t elapsed_ms, Author author, uint64_t arrival,
                 uint64_t now_ms, Votes& votes);
// And what was decided; `rules`: null where the backend has none.
void RestoreDecision(const StoredServer& stored, uint64_t elapsed_ms, const config::HealthRules* rules, uint64_t now_ms,
                     Spoken& spoken);

}  // namespace fairlead::health
