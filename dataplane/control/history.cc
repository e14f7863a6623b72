#include "dataplane/control/history.h"

#include <deque>
#include <set>
#include <string>
#include <utility>

#include "dataplane/control/earlier_state.h"

namespace fairlead::control {
namespace {

// Calls `visit` with each operation of what MakeUndo made.
template <typename Visit>
void ForEachOperation(const persistence::Undo& undo, Visit visit) {
  v1::Transaction transaction;
  transaction.ParseFromString(undo.operations());
  for (v1::Operation& operation : *transaction.mutable_operations()) visit(operation);
}

bool ServerExists(const Store& store, const std::string& backend, const std::string& server) {
  const std::optional<config::BackendSlot> slot = store.backends().Find(backend);
  return slot.has_value() && store.servers(*slot).Find(server).has_value();
}

// Whether it would remove what is not there.
bool RemovesNothing(const v1::Operation& operation, const Store& store) {
  switch (operation.operation_case()) {
    case v1::Operation::kRemoveListener:
      return !store.listeners().Find(operation.remove_listener());
    case v1::Operation::kRemoveRouteTable:
      return !store.route_tables().Find(operation.remove_route_table());
    case v1::Operation::kRemoveCertificate:
      return !store.certificates().Find(operation.remove_certificate());
    case v1::Operation::kRemoveTrustBundle:
      return !store.trust_bundles().Find(operation.remove_trust_bundle());
    case v1::Operation::kRemoveReporter:
      return store.reporters().Find(operation.remove_reporter()) == nullptr;
    case v1::Operation::kRemoveScope:
      return store.scope_messages().Find(operation.remove_scope()) == nullptr;
    case v1::Operation::kRemoveTicketKeys:
      return !store.ticket_keys().Find(operation.remove_ticket_keys());
    case v1::Operation::kRemoveBackend:
      return !store.backends().Find(operation.remove_backend());
    case v1::Operation::kRemoveServer:
      return !ServerExists(store, operation.remove_server().backend(), operation.remove_server().server());
    default:
      return false;
  }
}

// Drops what goes by itself: what is not there, and what a removed server or backend takes with it.
void DropTheNeedless(const Store& store, OperationSet& set) {
  std::set<std::string> backends_gone, servers_gone;
  for (const auto& [key, operation] : set.operations()) {
    if (operation.has_remove_backend()) backends_gone.insert(operation.remove_backend());
    if (operation.has_remove_server()) servers_gone.insert(key.second);
  }
  std::erase_if(set.operations(), [&](const auto& element) {
    const auto& [key, operation] = element;
    if (RemovesNothing(operation, store)) return true;
    if (operation.has_upsert_server()) return backends_gone.contains(operation.upsert_server().backend());
    if (operation.has_remove_server()) return backends_gone.contains(operation.remove_server().backend());
    if (!operation.has_set_health()) return false;
    return backends_gone.contains(operation.set_health().backend()) || servers_gone.contains(key.second);
  });
}

}  // namespace

void History::Add(v1::HistoryEntry entry, persistence::Undo undo) {
  persistence::Revision revision;
  *revision.mutable_entry() = std::move(entry);
  *revision.mutable_undo() = std::move(undo);
  remembered_.Add(std::move(revision));
}

void History::Restore(persistence::History saved) {
  remembered_ = std::move(saved);
  restored_ = remembered_.newest().revision();
}

const std::string& History::newest_undo() const {
  static const persistence::Revision& nothing = persistence::Revision::default_instance();
  return (remembered_.revisions().empty() ? nothing : remembered_.revisions().front()).undo().operations();
}

const v1::HistoryEntry* History::Find(uint64_t revision) const {
  for (const persistence::Revision& remembered : remembered_.revisions()) {
    if (remembered.entry().revision() == revision) return &remembered.entry();
  }
  return nullptr;
}

const v1::HistoryEntry* History::FindTransaction(std::string_view id) const {
  for (const persistence::Revision& remembered : remembered_.revisions()) {
    if (remembered.entry().transaction_id() == id) return &remembered.entry();
  }
  return nullptr;
}

v1::History History::Report(size_t limit) const {
  v1::History report;
  bool can_go_back = true;
  for (const persistence::Revision& revision : remembered_.revisions()) {
    if (static_cast<size_t>(report.entries_size()) == limit) break;
    can_go_back = can_go_back && revision.has_undo();
    v1::HistoryEntry& entry = *report.add_entries();
    entry = revision.entry();
    entry.set_can_go_back(can_go_back);
    entry.set_restored(entry.revision() <= restored_);
  }
  return report;
}

void History::WayBack::PutInto(v1::Transaction& transaction) const {
  if (from_nothing) return ApplyOperations(operations, *transaction.mutable_snapshot());
  for (const auto& [key, operation] : operations.operations()) *transaction.add_operations() = operation;
}

std::optional<History::WayBack> History::FindWayBack(uint64_t revision, const Store& store) const {
  const uint64_t now = store.snapshot()->revision;
  if (revision > now) return std::nullopt;
  WayBack way;
  const std::deque<persistence::Revision>& known = remembered_.revisions();
  for (uint64_t distance = 0; distance < now - revision; ++distance) {
    if (distance >= known.size() || !known[distance].has_undo()) return std::nullopt;
    const persistence::Undo& undo = known[distance].undo();
    if (undo.to_nothing()) way = {.from_nothing = true, .operations = {}};
    // What was before an earlier revision counts, not what was before a later one.
    ForEachOperation(undo, [&](v1::Operation& operation) { way.operations.Put(std::move(operation)); });
  }
  DropTheNeedless(store, way.operations);
  return way;
}

History::WayBack History::UndoAlone(const persistence::Undo& undo, const std::set<OperationSet::Key>& changed_later,
                                    const Store& store) {
  WayBack way = {.from_nothing = undo.to_nothing(), .operations = {}};
  ForEachOperation(undo, [&](v1::Operation& operation) {
    if (!changed_later.contains(OperationSet::KeyOf(operation))) way.operations.Put(std::move(operation));
  });
  DropTheNeedless(store, way.operations);
  return way;
}

}  // namespace fairlead::control
