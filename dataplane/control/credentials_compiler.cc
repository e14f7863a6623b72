#include "dataplane/control/credentials_compiler.h"

#include <ctime>
#include <string>
#include <utility>
#include <vector>

#include "dataplane/base/absl_strings.h"
#include "dataplane/control/in_use.h"

namespace fairlead::control {
namespace {

constexpr size_t kMaxChainBytes = 64 * 1024;
constexpr size_t kMaxKeyBytes = 64 * 1024;
constexpr size_t kMaxOcspResponseBytes = 64 * 1024;
constexpr size_t kMaxTrustBytes = 1024 * 1024;
constexpr int kMaxTicketKeys = 16;
constexpr int64_t kLastSecond = 253'402'300'799;  // of the year 9999

// What a source holds: empty, with a violation, where that is nothing or too much.
std::string_view Contents(const v1::DataSource& source, const Path& place, size_t maximum, Violations& violations) {
  std::string_view contents;
  switch (source.source_case()) {
    case v1::DataSource::kInlineString:
      contents = source.inline_string();
      break;
    case v1::DataSource::kInlineBytes:
      contents = source.inline_bytes();
      break;
    case v1::DataSource::kFile:
      violations.Invalid(Path(place, "file"),
                         "the proxy reads no file that a controller names; want the contents (fairleadctl sends them)");
      return {};
    case v1::DataSource::SOURCE_NOT_SET:
      break;
  }
  if (contents.empty()) violations.Invalid(place, "missing; want its contents");
  if (contents.size() > maximum) {
    violations.Invalid(place, base::StrCat(contents.size(), " bytes; want at most ", maximum));
    return {};
  }
  return contents;
}

std::shared_ptr<const tls::Certificate> Compile(const v1::Certificate& message, const Path& place,
                                                Violations& violations) {
  using Part = tls::CertificateFault::Part;
  const size_t before = violations.list().size();
  const Path chain_place(place, "chain");
  const Path key_place(place, "key");
  const Path ocsp_place(place, "ocsp_response");
  tls::CertificateSource source;
  source.chain = Contents(message.chain(), chain_place, kMaxChainBytes, violations);
  source.key = Contents(message.key(), key_place, kMaxKeyBytes, violations);
  if (message.has_ocsp_response()) {
    source.ocsp_response = Contents(message.ocsp_response(), ocsp_place, kMaxOcspResponseBytes, violations);
  }
  if (violations.list().size() != before) return nullptr;
  std::vector<tls::CertificateFault> faults;
  std::shared_ptr<const tls::Certificate> certificate = tls::Certificate::Parse(source, std::time(nullptr), faults);
  for (tls::CertificateFault& fault : faults) {
    violations.Invalid(fault.part == Part::kChain ? chain_place
                       : fault.part == Part::kKey ? key_place
                                                  : ocsp_place,
                       std::move(fault.text));
  }
  return certificate;
}

std::shared_ptr<const tls::TrustBundle> Compile(const v1::TrustBundle& message, const Path& place,
                                                Violations& violations) {
  const size_t before = violations.list().size();
  const Path roots_place(place, "roots");
  const Path crls_place(place, "crls");
  const std::string_view roots = Contents(message.roots(), roots_place, kMaxTrustBytes, violations);
  const std::string_view crls =
      message.has_crls() ? Contents(message.crls(), crls_place, kMaxTrustBytes, violations) : std::string_view();
  if (violations.list().size() != before) return nullptr;
  std::vector<tls::TrustFault> faults;
  std::shared_ptr<const tls::TrustBundle> bundle = tls::TrustBundle::Parse(roots, crls, faults);
  for (tls::TrustFault& fault : faults) {
    violations.Invalid(fault.part == tls::TrustFault::Part::kRoots ? roots_place : crls_place, std::move(fault.text));
  }
  return bundle;
}

// When a key begins to make tickets, in milliseconds since 1970; 0, with a violation, where that is no time.
int64_t CompileNotBefore(const v1::TicketKey& message, const Path& place, Violations& violations) {
  if (!message.has_not_before()) return 0;
  const google::protobuf::Timestamp& time = message.not_before();
  if (time.seconds() < 0 || time.seconds() > kLastSecond || time.nanos() < 0 || time.nanos() >= 1'000'000'000) {
    violations.Invalid(Path(place, "not_before"), "not a time of the years 1970 to 9999");
    return 0;
  }
  return time.seconds() * 1'000 + time.nanos() / 1'000'000;
}

std::shared_ptr<const tls::GivenTicketKeys> Compile(const v1::TicketKeys& message, const Path& place,
                                                    Violations& violations) {
  const size_t before = violations.list().size();
  if (message.keys().empty() || message.keys_size() > kMaxTicketKeys) {
    violations.Invalid(Path(place, "keys"), base::StrCat("not 1 to ", kMaxTicketKeys, " keys: ", message.keys_size()));
    return nullptr;
  }
  std::vector<tls::TicketKey> keys;
  for (int i = 0; i < message.keys_size(); ++i) {
    const Path key_place(place, "keys", i);
    const Path material_place(key_place, "key");
    const std::string_view material = Contents(message.keys(i).key(), material_place, kMaxKeyBytes, violations);
    const int64_t not_before_ms = CompileNotBefore(message.keys(i), key_place, violations);
    if (!material.empty() && material.size() != tls::TicketKey::kBytes) {
      violations.Invalid(material_place,
                         base::StrCat(material.size(), " bytes; want ", tls::TicketKey::kBytes, ", all random"));
      continue;
    }
    if (material.empty()) continue;
    const tls::TicketKey key(material, not_before_ms);
    for (const tls::TicketKey& other : keys) {
      if (other.name() == key.name()) {
        violations.Add(v1::Violation::ALREADY_EXISTS, material_place, "another key here has the same 16 bytes of name");
      }
      if (other.not_before_ms() == not_before_ms) {
        violations.Add(v1::Violation::ALREADY_EXISTS, Path(key_place, "not_before"),
                       "another key here has the same; which of them made tickets would be open");
      }
    }
    keys.push_back(key);
  }
  if (violations.list().size() != before) return nullptr;
  return std::make_shared<const tls::GivenTicketKeys>(std::move(keys));
}

// Where each kind has its place.
struct Certificates {
  using Message = v1::Certificate;
  using Config = config::Certificate;
  static constexpr std::string_view kField = "certificates";
  static constexpr std::string_view kName = "certificate";
  static constexpr api::ResourceKind kKind = api::ResourceKind::kCertificate;
  static const auto& Requests(const AllRequests& all) { return all.certificates; }
  static const SlotIndex& Now(const Store& store) { return store.certificates(); }
  static PlannedSlots& Planned(Staged& staged) { return staged.certificates; }
  static auto& Objects(config::Snapshot& snapshot) { return snapshot.certificates; }
  static auto& Updates(Staged& staged) { return staged.certificate_updates; }
  static auto& Changed(Changes& changes) { return changes.certificates; }
  static const References& ListenersOf(const Store& store) { return store.listener_certificates(); }
  static const References& BackendsOf(const Store& store) { return store.backend_certificates(); }
};

struct TrustBundles {
  using Message = v1::TrustBundle;
  using Config = config::TrustBundle;
  static constexpr std::string_view kField = "trust_bundles";
  static constexpr std::string_view kName = "trust bundle";
  static constexpr api::ResourceKind kKind = api::ResourceKind::kTrustBundle;
  static const auto& Requests(const AllRequests& all) { return all.trust_bundles; }
  static const SlotIndex& Now(const Store& store) { return store.trust_bundles(); }
  static PlannedSlots& Planned(Staged& staged) { return staged.trust_bundles; }
  static auto& Objects(config::Snapshot& snapshot) { return snapshot.trust_bundles; }
  static auto& Updates(Staged& staged) { return staged.trust_bundle_updates; }
  static auto& Changed(Changes& changes) { return changes.trust_bundles; }
  static const References& ListenersOf(const Store& store) { return store.listener_trust_bundles(); }
  static const References& BackendsOf(const Store& store) { return store.backend_trust_bundles(); }
};

struct TicketKeys {
  using Message = v1::TicketKeys;
  using Config = config::TicketKeys;
  static constexpr std::string_view kField = "ticket_keys";
  static constexpr std::string_view kName = "ticket keys";
  static constexpr api::ResourceKind kKind = api::ResourceKind::kTicketKeys;
  static const auto& Requests(const AllRequests& all) { return all.ticket_keys; }
  static const SlotIndex& Now(const Store& store) { return store.ticket_keys(); }
  static PlannedSlots& Planned(Staged& staged) { return staged.ticket_keys; }
  static auto& Objects(config::Snapshot& snapshot) { return snapshot.ticket_keys; }
  static auto& Updates(Staged& staged) { return staged.ticket_keys_updates; }
  static auto& Changed(Changes& changes) { return changes.ticket_keys; }
  static const References& ListenersOf(const Store& store) { return store.listener_ticket_keys(); }
};

template <typename Kind>
void Put(Compilation& compilation, const typename Kind::Message& message, const Path& place) {
  Staged& staged = compilation.staged;
  auto& objects = Kind::Objects(staged.snapshot);
  const std::optional<uint32_t> now = Kind::Now(compilation.store).Find(message.id());
  const absl::uint128 digest = compilation.DigestOf(Kind::kKind, message);
  const typename Kind::Config* before = now ? objects[*now].get() : nullptr;
  // Nor is it held against the clock again: what has expired is no reason to refuse what comes with it.
  if (before != nullptr && before->digest == digest) return;

  compilation.rules.Check(message, place, compilation.violations);
  auto object = std::make_shared<typename Kind::Config>();
  object->id = message.id();
  object->tls = Compile(message, place, compilation.violations);
  object->digest = digest;
  if (before == nullptr) {
    compilation.CountAdded(digest);
  } else {
    compilation.CountChanged(before->digest, digest);
  }
  const uint32_t slot = now ? *now : Kind::Planned(staged).Add(message.id());
  Kind::Updates(staged).push_back({slot, std::make_shared<const typename Kind::Message>(message)});
  Kind::Changed(staged.changes).push_back(slot);
  PutAt(objects, slot, std::shared_ptr<const typename Kind::Config>(std::move(object)));
}

template <typename Kind>
void Remove(Compilation& compilation, std::string_view id, uint32_t slot, const Path& place) {
  Staged& staged = compilation.staged;
  // Listeners and backends that the transaction touches are checked by themselves.
  std::vector<std::string> users;
  for (config::ListenerSlot listener : Kind::ListenersOf(compilation.store).ReferrersOf(slot)) {
    const std::string& user = compilation.store.listener_message(listener).id();
    if (!compilation.requests.listeners.Names({user})) users.push_back(user);
  }
  AddInUse("listener", std::move(users), place, compilation.violations);
  users.clear();
  if constexpr (requires { Kind::BackendsOf(compilation.store); }) {
    for (config::BackendSlot backend : Kind::BackendsOf(compilation.store).ReferrersOf(slot)) {
      const std::string& user = compilation.store.backend_message(backend).id();
      if (!compilation.requests.backends.Names({user})) users.push_back(user);
    }
  }
  AddInUse("backend", std::move(users), place, compilation.violations);

  auto& objects = Kind::Objects(staged.snapshot);
  compilation.CountRemoved(objects[slot]->digest);
  Kind::Planned(staged).Remove(id);
  Kind::Updates(staged).push_back({slot, nullptr});
  Kind::Changed(staged.changes).push_back(slot);
  PutAt(objects, slot, std::shared_ptr<const typename Kind::Config>());
}

template <typename Kind>
void CompileKind(Compilation& compilation) {
  const Path root;
  for (const auto& [key, message] : Kind::Requests(compilation.requests).list()) {
    const Path place(root, Kind::kField, key.id);
    if (message != nullptr) {
      Put<Kind>(compilation, *message, place);
    } else if (const auto slot = Kind::Now(compilation.store).Find(key.id)) {
      Remove<Kind>(compilation, key.id, *slot, place);
    } else {
      compilation.violations.Add(v1::Violation::NOT_FOUND, place, base::StrCat("no such ", Kind::kName));
    }
  }
}

// The slot that `id` has at the end of the transaction; none, with a violation, where it has none.
template <typename Kind>
std::optional<uint32_t> FindSlot(Compilation& compilation, std::string_view id, const Path& place) {
  const std::optional<uint32_t> slot = Kind::Planned(compilation.staged).Find(id);
  if (!slot && id.empty()) {
    compilation.violations.Invalid(place, base::StrCat("missing; want the id of a ", Kind::kName));
  } else if (!slot) {
    compilation.violations.Add(v1::Violation::NOT_FOUND, place, NotThere(Kind::kName, id));
  }
  return slot;
}

}  // namespace

void CompileCredentials(Compilation& compilation) {
  CompileKind<Certificates>(compilation);
  CompileKind<TrustBundles>(compilation);
  CompileKind<TicketKeys>(compilation);
}

FoundCertificate FindCertificate(Compilation& compilation, std::string_view id, const Path& place) {
  const std::optional<uint32_t> slot = FindSlot<Certificates>(compilation, id, place);
  return {slot, slot ? compilation.staged.snapshot.certificates[*slot]->tls : nullptr};
}

FoundTrustBundle FindTrustBundle(Compilation& compilation, std::string_view id, const Path& place) {
  const std::optional<uint32_t> slot = FindSlot<TrustBundles>(compilation, id, place);
  return {slot, slot ? compilation.staged.snapshot.trust_bundles[*slot]->tls : nullptr};
}

FoundTicketKeys FindTicketKeys(Compilation& compilation, std::string_view id, const Path& place) {
  const std::optional<uint32_t> slot = FindSlot<TicketKeys>(compilation, id, place);
  return {slot, slot ? compilation.staged.snapshot.ticket_keys[*slot]->tls : nullptr};
}

}  // namespace fairlead::control
