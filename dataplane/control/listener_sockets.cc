#include "dataplane/control/listener_sockets.h"

#include <sys/resource.h>

#include <algorithm>
#include <climits>
#include <memory>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "dataplane/base/absl_strings.h"
#include "dataplane/health/quote.h"
#include "dataplane/net/listening_socket.h"

namespace fairlead::control {
namespace {

// The listener in force whose sockets listen where `listener` is to; null: none does.
const config::Listener* FindWithSameAddress(const Store& store, config::ListenerSlot slot,
                                            const config::Listener& listener) {
  // Port 0 asks for any address: only the listener itself has the one that it got, and may ask for it by its number.
  const auto& listeners = store.snapshot()->listeners;
  const config::Listener* before = slot < listeners.size() ? listeners[slot].get() : nullptr;
  const bool is_there =
      before != nullptr && (before->address == listener.address || before->bound_address == listener.address);
  const config::Listener* same = is_there ? before : store.FindListenerAt(listener.address);
  return same != nullptr && same->sockets->bound() ? same : nullptr;
}

// Whether `other`, a listener in force, keeps its address in the state to come.
bool Stays(const Staged& staged, const config::Listener& other) {
  bool stays = false;
  staged.snapshot.listeners.ForEach([&](size_t, const std::shared_ptr<const config::Listener>& listener) {
    if (listener != nullptr && listener->id == other.id && listener->address == other.address) stays = true;
  });
  return stays;
}

// Listeners' sockets have to have numbers below, so that connections, to whom the rest belongs, can be had at all.
int DescriptorCeiling() {
  rlimit limit = {};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return INT_MAX;
  return static_cast<int>(std::min<rlim_t>(limit.rlim_cur, INT_MAX) / 4 * 3);
}

// As net::Listen does.
absl::StatusOr<net::ListeningSockets> ListenBelow(int ceiling, const config::Listener& listener, int workers) {
  absl::StatusOr<net::ListeningSockets> sockets = net::Listen(listener.address, workers, listener.unix_mode);
  if (!sockets.ok() || sockets->descriptors.back().get() < ceiling) return sockets;
  return absl::ResourceExhaustedError(
      base::StrCat("cannot listen on ", listener.address.ToString(),
                   ": three quarters of the descriptors (RLIMIT_NOFILE) are in use, and the rest is for connections"));
}

bool IsInUse(const Staged& staged, const net::ListeningSockets* sockets) {
  bool in_use = false;
  staged.snapshot.listeners.ForEach([&](size_t, const std::shared_ptr<const config::Listener>& listener) {
    if (listener != nullptr && listener->sockets.get() == sockets) in_use = true;
  });
  return in_use;
}

}  // namespace

void OpenListenerSockets(const Store& store, int workers, Staged& staged, Violations& violations) {
  const int ceiling = DescriptorCeiling();
  for (const Staged::ListenerUpdate& update : staged.listener_updates) {
    if (update.listener == nullptr) continue;
    config::Listener& listener = *update.listener;
    if (const config::Listener* same = FindWithSameAddress(store, update.slot, listener)) {
      if (same->id != listener.id && Stays(staged, *same)) {
        const Path root;
        const Path place(root, "listeners", listener.id);
        violations.Add(v1::Violation::ALREADY_EXISTS, Path(place, "address"),
                       base::StrCat("listener ", health::Quote(same->id), " has this address, by port 0"));
        continue;
      }
      listener.sockets = same->sockets;
      listener.bound_address = same->bound_address;
      continue;
    }
    absl::StatusOr<net::ListeningSockets> sockets = ListenBelow(ceiling, listener, workers);
    if (!sockets.ok()) {
      const Path root;
      const Path place(root, "listeners", listener.id);
      violations.Add(v1::Violation::BIND_FAILED, Path(place, "address"),
                     std::string(base::FromAbsl(sockets.status().message())));
      continue;
    }
    listener.bound_address = sockets->address;
    listener.sockets = std::make_shared<net::ListeningSockets>(*std::move(sockets));
  }
}

void OpenRestoredSockets(const Store& store, int workers, Staged& staged) {
  Violations violations;
  OpenListenerSockets(store, workers, staged, violations);
  auto why = violations.list().begin();
  for (const Staged::ListenerUpdate& update : staged.listener_updates) {
    if (update.listener == nullptr || update.listener->sockets != nullptr) continue;
    config::Listener& listener = *update.listener;
    listener.bound_address = listener.address;
    listener.sockets = std::make_shared<net::ListeningSockets>();
    listener.sockets->address = listener.address;
    listener.sockets->error = (why++)->message();
  }
}

std::vector<config::ListenerSlot> UnboundListeners(const config::Snapshot& snapshot) {
  std::vector<config::ListenerSlot> unbound;
  snapshot.listeners.ForEach([&](size_t slot, const std::shared_ptr<const config::Listener>& listener) {
    if (listener != nullptr && !listener->sockets->bound()) unbound.push_back(static_cast<config::ListenerSlot>(slot));
  });
  return unbound;
}

std::vector<config::ListenerSlot> OpenMissingSockets(int workers, config::Snapshot& snapshot) {
  const int ceiling = DescriptorCeiling();
  std::vector<config::ListenerSlot> opened;
  for (const config::ListenerSlot slot : UnboundListeners(snapshot)) {
    const config::Listener& listener = *snapshot.listeners[slot];
    absl::StatusOr<net::ListeningSockets> sockets = ListenBelow(ceiling, listener, workers);
    if (!sockets.ok()) continue;
    auto bound = std::make_shared<config::Listener>(listener);
    bound->bound_address = sockets->address;
    bound->sockets = std::make_shared<net::ListeningSockets>(*std::move(sockets));
    snapshot.listeners.Set(slot, std::move(bound));
    opened.push_back(slot);
  }
  return opened;
}

void TakeOverSockets(const Staged& before, Staged& staged) {
  absl::flat_hash_map<absl::string_view, const config::Listener*> listeners;
  for (const Staged::ListenerUpdate& update : before.listener_updates) {
    if (update.listener != nullptr) listeners.emplace(update.listener->id, update.listener.get());
  }
  for (const Staged::ListenerUpdate& update : staged.listener_updates) {
    if (update.listener == nullptr) continue;
    const config::Listener& same = *listeners.at(update.listener->id);
    update.listener->sockets = same.sockets;
    update.listener->bound_address = same.bound_address;
  }
}

void SettleSocketFiles(const Store& store, const Staged& staged) {
  const auto& listeners = store.snapshot()->listeners;
  for (const Staged::ListenerUpdate& update : staged.listener_updates) {
    if (update.listener != nullptr) update.listener->sockets->file.SetMode(update.listener->unix_mode);
    const config::Listener* before = update.slot < listeners.size() ? listeners[update.slot].get() : nullptr;
    if (before == nullptr || before->address.family() != AF_UNIX) continue;
    if (!IsInUse(staged, before->sockets.get())) before->sockets->file.Remove();
  }
}

}  // namespace fairlead::control
