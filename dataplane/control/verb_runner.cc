#include "dataplane/control/verb_runner.h"

#include <algorithm>
#include <random>
#include <utility>

#include "absl/strings/str_format.h"
#include "api/fingerprint/fingerprint.h"
#include "dataplane/base/absl_strings.h"
#include "dataplane/control/conversion_to_proto.h"
#include "dataplane/control/find_server.h"
#include "dataplane/control/store.h"
#include "fairlead/v1/control.pb.h"
#include "fairlead/v1/transaction.pb.h"

namespace fairlead::control {
namespace {

using Kind = health::Verb::Kind;

std::string NameOf(std::string_view backend, std::string_view server) { return base::StrCat(backend, "/", server); }

// One that no other transaction has, before a restart or after it.
std::string NewTransactionId() {
  std::random_device random;
  std::string id = "verb-";
  for (int i = 0; i < 4; ++i) absl::StrAppendFormat(&id, "%08x", static_cast<uint32_t>(random()));
  return id;
}

// A line for each violation. Scripts know "Permission denied".
std::string TextOf(const v1::Rejected& rejected) {
  std::string text;
  for (const v1::Violation& violation : rejected.violations()) {
    if (violation.code() == v1::Violation::PERMISSION_DENIED) text += "Permission denied: ";
    if (!violation.path().empty()) text += base::StrCat(violation.path(), ": ");
    text += base::StrCat(violation.message(), "\n");
  }
  return text;
}

bool CameTooLate(const v1::Rejected& rejected) {
  return std::ranges::all_of(rejected.violations(), [](const v1::Violation& violation) {
    return violation.code() == v1::Violation::PRECONDITION_FAILED;
  });
}

}  // namespace

health::VerbActions VerbRunner::Actions() {
  return {.carry_out = [this](const health::Verb& verb, const identity::Peer& peer,
                              OnAnswer on_answer) { return CarryOut(verb, peer, std::move(on_answer)); },
          .forget = [this](uint64_t ticket) { Forget(ticket); },
          .snapshot = [this] { return core_->snapshot(); },
          .initial_weight = [this](const config::Server& server) { return InitialWeight(server); }};
}

uint64_t VerbRunner::CarryOut(const health::Verb& verb, const identity::Peer& peer, OnAnswer on_answer) {
  const uint64_t ticket = ++last_ticket_;
  changes_.emplace(ticket, std::make_unique<Change>(Change{.kind = verb.kind,
                                                           .backend = std::string(verb.backend),
                                                           .server = std::string(verb.server),
                                                           .health = verb.health,
                                                           .admin_state = verb.admin_state,
                                                           .weight = verb.weight,
                                                           .is_percent = verb.is_percent,
                                                           .text = std::string(verb.text),
                                                           .peer = peer,
                                                           .on_answer = std::move(on_answer)}));
  if (const Change& change = *changes_.find(ticket)->second; PutsServer(change)) {
    std::deque<uint64_t>& queue = queues_[NameOf(change.backend, change.server)];
    queue.push_back(ticket);
    if (queue.size() > 1) return ticket;
  }
  Try(ticket);
  return ticket;
}

bool VerbRunner::PutsServer(const Change& change) {
  return change.kind == Kind::kSetWeight || change.kind == Kind::kSetAdminState;
}

void VerbRunner::Forget(uint64_t ticket) {
  if (const auto place = changes_.find(ticket); place != changes_.end()) place->second->on_answer = nullptr;
}

void VerbRunner::Try(uint64_t ticket) {
  Change& change = *changes_.find(ticket)->second;
  if (std::string problem = Problem(change); !problem.empty()) return Answer(ticket, std::move(problem));
  if (change.kind == Kind::kGetWeight) {
    const config::Server& server = *FindServer(core_->store(), change.backend, change.server);
    return Answer(ticket, base::StrCat(server.weight, " (initial ", InitialWeight(server), ")"));
  }
  ++change.attempts;
  if (change.kind == Kind::kSetWeight) RememberInitialWeight(change, change.old_weight);
  core_->SubmitTransaction(
      MakeTransaction(change),
      [this, ticket](std::shared_ptr<const v1::FromProxy> answer) { OnAnswered(ticket, *answer); }, change.peer);
}

std::string VerbRunner::Problem(Change& change) const {
  const Store& store = core_->store();
  if (!store.backends().Find(change.backend)) return "No such backend.";
  const config::Server* const server = FindServer(store, change.backend, change.server);
  if (server == nullptr) return "No such server.";
  if (change.kind == Kind::kGetWeight) return {};
  // Where reporters are named, the socket is for them, who may only report: what else they may, a scope has to say.
  if (store.reporters().size() > 0 && store.scopes().empty()) {
    return base::StrCat("Permission denied: backends[\"", change.backend, "\"].servers[\"", change.server,
                        "\"]: where there are reporters, only scopes let somebody change it");
  }
  if (change.kind != Kind::kSetWeight) return {};
  change.counters = server->counters;
  change.old_weight = server->weight;
  change.initial_weight = InitialWeight(*server);
  change.new_weight = change.weight;
  if (!change.is_percent) return {};
  if (change.weight > 0 && change.initial_weight == 0) {
    return base::StrCat("The initial weight of ", change.backend, "/", change.server,
                        " is 0, of which no percentage is more: give a number.");
  }
  change.new_weight =
      static_cast<uint32_t>(std::min<uint64_t>(uint64_t{change.initial_weight} * change.weight / 100, UINT32_MAX));
  return {};
}

v1::Transaction VerbRunner::MakeTransaction(const Change& change) const {
  v1::Transaction transaction;
  transaction.set_id(NewTransactionId());
  transaction.set_author(change.peer.Describe());
  transaction.set_comment(change.text);
  v1::Operation& operation = *transaction.add_operations();
  if (change.kind == Kind::kSetHealth) {
    v1::HealthState& word = *operation.mutable_set_health();
    word.set_backend(change.backend);
    word.set_server(change.server);
    word.set_status(ToProto(change.health));
    // Said again, it holds again: the same words would change nothing.
    word.set_reason(base::StrCat(change.text, " (", transaction.id(), ")"));
    return transaction;
  }
  // All of the server is sent: of another than was read here, this must change nothing.
  v1::ResourceFingerprint& is = *transaction.add_preconditions()->mutable_resource();
  is.set_kind("server");
  is.set_id(NameOf(change.backend, change.server));
  is.set_fingerprint(api::Fingerprint(FindServer(core_->store(), change.backend, change.server)->digest).ToHex());
  operation.mutable_upsert_server()->set_backend(change.backend);
  v1::Server& server = *operation.mutable_upsert_server()->mutable_server();
  server = *FindServerAsSent(core_->store(), change.backend, change.server);
  if (change.kind == Kind::kSetWeight) {
    server.set_weight(change.new_weight);
  } else {
    server.set_admin_state(ToProto(change.admin_state));
  }
  return transaction;
}

void VerbRunner::OnAnswered(uint64_t ticket, const v1::FromProxy& answer) {
  Change& change = *changes_.find(ticket)->second;
  if (!answer.has_applied()) change.new_weight = change.old_weight;
  if (change.kind == Kind::kSetWeight) RememberInitialWeight(change, change.new_weight);
  if (answer.has_applied()) return Answer(ticket, {});
  if (!CameTooLate(answer.rejected())) return Answer(ticket, TextOf(answer.rejected()));
  if (change.attempts < kAttempts) return Try(ticket);
  Answer(ticket, base::StrCat(NameOf(change.backend, change.server),
                              " is changed by controllers all the time: nothing was done; say it again."));
}

void VerbRunner::Answer(uint64_t ticket, std::string text) {
  const std::unique_ptr<Change> change = std::move(changes_.extract(ticket).mapped());
  uint64_t next = 0;
  if (PutsServer(*change)) {
    const auto queue = queues_.find(NameOf(change->backend, change->server));
    queue->second.pop_front();
    if (queue->second.empty()) {
      queues_.erase(queue);
    } else {
      next = queue->second.front();
    }
  }
  if (change->on_answer != nullptr) change->on_answer(std::move(text));
  if (next != 0) Try(next);
}

uint32_t VerbRunner::InitialWeight(const config::Server& server) const {
  const auto place = weights_.find(server.counters.get());
  // Whoever gave it another weight since gave it a new initial one.
  if (place == weights_.end()) return server.weight;
  const Weights& weights = place->second.second;
  return server.weight == weights.set_to || server.weight == weights.was ? weights.initial : server.weight;
}

void VerbRunner::RememberInitialWeight(const Change& change, uint32_t was) {
  weights_.insert_or_assign(
      change.counters.get(),
      std::pair(change.counters, Weights{.initial = change.initial_weight, .set_to = change.new_weight, .was = was}));
  if (weights_.size() >= prune_at_) ForgetRemovedServers();
}

void VerbRunner::ForgetRemovedServers() {
  decltype(weights_) there;
  core_->snapshot()->backends.ForEach([&](size_t, const std::shared_ptr<const config::Backend>& backend) {
    if (backend == nullptr) return;
    backend->servers.ForEach([&](size_t, const config::ServerPtr& server) {
      if (server == nullptr) return;
      if (const auto place = weights_.find(server->counters.get()); place != weights_.end()) there.insert(*place);
    });
  });
  weights_ = std::move(there);
  prune_at_ = std::max<size_t>(1024, 2 * weights_.size());
}

}  // namespace fairlead::control
