#include "dataplane/control/health_compiler.h"

#include <memory>
#include <string>

#include "dataplane/base/absl_strings.h"
#include "dataplane/control/value_checks.h"

namespace fairlead::control {
namespace {

constexpr size_t kMaxReasonBytes = 256;

// The word that the controller has said so far on a server that stays; null: none.
const Store::HealthWord* WordNow(const Compilation& compilation, const ServerKey& key) {
  const std::optional<config::BackendSlot> backend = compilation.store.backends().Find(key.backend);
  if (!backend) return nullptr;
  const std::optional<config::ServerSlot> server = compilation.store.servers(*backend).Find(key.server);
  return server ? compilation.store.FindHealthWord(*backend, *server) : nullptr;
}

// `message`: null takes the word back.
void Put(Compilation& compilation, const ServerKey& key, config::BackendSlot backend, config::ServerSlot server,
         const v1::HealthState* message) {
  const Store::HealthWord* before = WordNow(compilation, key);
  Staged::HealthUpdate update{backend, server, nullptr};
  if (message != nullptr && message->status() != v1::Health::UNKNOWN) {
    update.digest = compilation.DigestOf(api::ResourceKind::kHealth, *message);
    if (before != nullptr && before->digest == update.digest) return;
    update.message = std::make_shared<const v1::HealthState>(*message);
    if (before == nullptr) {
      compilation.CountAdded(update.digest);
    } else {
      compilation.CountChanged(before->digest, update.digest);
    }
  } else {
    if (before == nullptr) return;
    compilation.CountRemoved(before->digest);
  }
  compilation.staged.health_updates.push_back(std::move(update));
  compilation.staged.changes.health_words.push_back(
      {std::string(key.backend), std::string(key.server), before != nullptr});
}

}  // namespace

void CompileHealth(Compilation& compilation) {
  const Path root;
  for (const auto& [key, message] : compilation.requests.health.list()) {
    const std::string name = base::StrCat(key.backend, "/", key.server);
    const Path place(root, "health", name);
    if (message != nullptr) {
      compilation.rules.Check(*message, place, compilation.violations);
      CheckLength(message->reason(), kMaxReasonBytes, Path(place, "reason"), compilation.violations);
    }
    const std::optional<config::BackendSlot> backend = compilation.staged.backends.Find(key.backend);
    if (!backend) {
      compilation.violations.Add(v1::Violation::NOT_FOUND, Path(place, "backend"), NotThere("backend", key.backend));
      continue;
    }
    const std::optional<config::ServerSlot> server = compilation.FindServer(*backend, key.server);
    if (!server) {
      compilation.violations.Add(v1::Violation::NOT_FOUND, Path(place, "server"), NotThere("server", key.server));
      continue;
    }
    Put(compilation, key, *backend, *server, message);
  }
}

}  // namespace fairlead::control
