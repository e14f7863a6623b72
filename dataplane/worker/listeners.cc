#include "dataplane/worker/listeners.h"

#include <utility>

#include "dataplane/base/unique_fd.h"
#include "dataplane/net/listening_socket.h"

namespace fairlead::worker {

void Listeners::Adopt(const config::Snapshot& snapshot, const std::vector<config::ListenerSlot>& changed) {
  std::erase_if(leaving_, [](const std::unique_ptr<WorkerListener>& listener) { return listener->empty(); });
  if (draining_) return CloseNew(snapshot, changed);
  for (config::ListenerSlot slot : changed) AdoptOne(snapshot, slot);
  if (!changed.empty()) CloseUnwanted();
}

void Listeners::AdoptOne(const config::Snapshot& snapshot, config::ListenerSlot slot) {
  if (slot >= listeners_.size()) listeners_.resize(slot + 1);
  std::unique_ptr<WorkerListener>& listener = listeners_[slot];
  const config::Listener* config = slot < snapshot.listeners.size() ? snapshot.listeners[slot].get() : nullptr;
  if (listener != nullptr && (config == nullptr || !listener->serves(*config))) Leave(listener);
  if (config == nullptr) return;
  if (listener == nullptr) {
    listener = std::make_unique<WorkerListener>(environment_, *config);
  } else {
    listener->Update(*config);
  }
  if (!config->sockets->bound()) return;
  std::unique_ptr<ListeningSocket>& socket = sockets_[config->sockets.get()];
  if (socket == nullptr) socket = std::make_unique<ListeningSocket>(environment_, config->sockets.get());
  socket->set_listener(listener.get());
}

void Listeners::CloseNew(const config::Snapshot& snapshot, const std::vector<config::ListenerSlot>& changed) {
  for (config::ListenerSlot slot : changed) {
    const config::Listener* config = slot < snapshot.listeners.size() ? snapshot.listeners[slot].get() : nullptr;
    if (config == nullptr || !config->sockets->bound()) continue;
    const base::UniqueFd closed(config->sockets->descriptors[environment_->worker_index].Release());
  }
}

void Listeners::CloseUnwanted() {
  for (const auto& [key, socket] : sockets_) {
    if (!socket->wanted()) socket->Refuse();
  }
  std::erase_if(sockets_, [](const auto& entry) { return !entry.second->wanted(); });
}

void Listeners::CloseAll() {
  for (const auto& [key, socket] : sockets_) socket->Refuse();
  sockets_.clear();
}

void Listeners::Leave(std::unique_ptr<WorkerListener>& listener) {
  listener->Drain();
  leaving_.push_back(std::move(listener));
}

void Listeners::Drain() {
  draining_ = true;
  for (std::unique_ptr<WorkerListener>& listener : listeners_) {
    if (listener != nullptr) Leave(listener);
  }
  CloseAll();
}

void Listeners::Clear() {
  CloseAll();
  listeners_.clear();
  leaving_.clear();
}

}  // namespace fairlead::worker
