#include "controlplane-mock/misbehaviour.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

namespace fairlead::controlplane_mock {
namespace {

constexpr uint32_t kDefaultViolations = 300;
constexpr uint32_t kDefaultFlood = 1000;

// Brings a proxy that is up to date what it has.
v1::Transaction HarmlessTransaction(const ProxySession& session) {
  v1::Transaction transaction;
  *transaction.mutable_snapshot() = session.desired().current()->snapshot;
  return transaction;
}

v1::Transaction LastTransaction(ProxySession& session, TimePoint now) {
  if (session.last_transaction() == nullptr) session.SendTransaction(HarmlessTransaction(session), now);
  return *session.last_transaction();
}

void ReuseId(ProxySession& session, TimePoint now) {
  v1::Transaction transaction = LastTransaction(session, now);
  transaction.set_comment(absl::StrCat(transaction.comment(), "something else under the same id"));
  session.SendTransaction(std::move(transaction), now);
}

void SendStaleEpoch(ProxySession& session, TimePoint now) {
  v1::Transaction transaction = HarmlessTransaction(session);
  if (session.highest_leader_epoch() == 0) {
    transaction.set_leader_epoch(1);
    session.SendTransaction(transaction, now);
  }
  transaction.set_leader_epoch(session.highest_leader_epoch() - 1);
  session.SendTransaction(std::move(transaction), now);
}

void SendUnknownMessage(ProxySession& session, TimePoint now) {
  v1::ToProxy message;
  message.GetReflection()->MutableUnknownFields(&message)->AddLengthDelimited(1000, "a later version's message");
  session.SendBytes(message.SerializeAsString(), now);
}

// Each operation has one fault of its own: a server of a backend that does not exist.
void SendManyViolations(uint32_t count, ProxySession& session, TimePoint now) {
  v1::Transaction transaction;
  for (uint32_t i = 0; i < count; ++i) {
    v1::UpsertServer& upsert = *transaction.add_operations()->mutable_upsert_server();
    upsert.set_backend("no-such-backend");
    upsert.mutable_server()->set_id(absl::StrCat("s", i));
    upsert.mutable_server()->set_address("127.0.0.1:9");
  }
  session.SendTransaction(std::move(transaction), now);
}

void SendUnparsableBytes(ProxySession& session, TimePoint now) {
  // Field 1, length-delimited, of more bytes than follow; then a tag of a wire type that does not exist.
  session.SendBytes(std::string("\x0a\x7f\xff\xff", 4), now);
}

void FallSilent(const Misbehaviour& misbehaviour, ProxySession& session, TimePoint now) {
  std::chrono::milliseconds duration = 2 * session.heartbeat_timeout();
  if (misbehaviour.has_duration()) {
    duration = std::chrono::seconds(misbehaviour.duration().seconds()) +
               std::chrono::milliseconds(misbehaviour.duration().nanos() / 1'000'000);
  }
  session.FallSilent(duration, now);
}

// The flood's two kinds of transactions: a server's weight one higher, and as it should be; the same twice if there is
// no server.
std::pair<v1::Transaction, v1::Transaction> UpAndDown(const ProxySession& session) {
  for (const v1::Backend& backend : session.desired().current()->snapshot.backends()) {
    if (backend.servers().empty()) continue;
    v1::Transaction down;
    v1::UpsertServer& upsert = *down.add_operations()->mutable_upsert_server();
    upsert.set_backend(backend.id());
    *upsert.mutable_server() = backend.servers(0);
    v1::Transaction up = down;
    const uint32_t weight = backend.servers(0).has_weight() ? backend.servers(0).weight() : 1;
    up.mutable_operations(0)->mutable_upsert_server()->mutable_server()->set_weight(weight < 100 ? weight + 1
                                                                                                 : weight - 1);
    return {up, down};
  }
  return {HarmlessTransaction(session), HarmlessTransaction(session)};
}

void Flood(uint32_t count, ProxySession& session, TimePoint now) {
  const auto [up, down] = UpAndDown(session);
  for (uint32_t left = count; left > 0; --left) session.SendTransaction(left % 2 == 0 ? up : down, now);
}

void SendHalfSnapshot(ProxySession& session, TimePoint now) {
  v1::ToProxy message;
  *message.mutable_transaction() = HarmlessTransaction(session);
  message.mutable_transaction()->set_id("half");
  message.mutable_transaction()->set_comment("only the first half of this comes");
  std::string bytes = message.SerializeAsString();
  bytes.resize(bytes.size() / 2);
  session.SendBytes(std::move(bytes), now);
  session.CutStream();
}

uint32_t Or(uint32_t count, uint32_t otherwise) { return count == 0 ? otherwise : count; }

}  // namespace

void Misbehave(const Misbehaviour& misbehaviour, ProxySession& session, TimePoint now) {
  switch (misbehaviour.kind()) {
    case Misbehaviour::DROP_STREAM:
      return session.CutStream();
    case Misbehaviour::REPEAT_ID:
      return session.SendTransaction(LastTransaction(session, now), now);
    case Misbehaviour::REUSE_ID:
      return ReuseId(session, now);
    case Misbehaviour::STALE_EPOCH:
      return SendStaleEpoch(session, now);
    case Misbehaviour::UNKNOWN_MESSAGE:
      return SendUnknownMessage(session, now);
    case Misbehaviour::MANY_VIOLATIONS:
      return SendManyViolations(Or(misbehaviour.count(), kDefaultViolations), session, now);
    case Misbehaviour::UNPARSABLE_BYTES:
      return SendUnparsableBytes(session, now);
    case Misbehaviour::GARBAGE:
      SendUnknownMessage(session, now);
      SendManyViolations(Or(misbehaviour.count(), kDefaultViolations), session, now);
      return SendUnparsableBytes(session, now);
    case Misbehaviour::SILENCE:
      return FallSilent(misbehaviour, session, now);
    case Misbehaviour::FLOOD:
      return Flood(Or(misbehaviour.count(), kDefaultFlood), session, now);
    case Misbehaviour::HALF_SNAPSHOT:
      return SendHalfSnapshot(session, now);
    default:
      return;
  }
}

absl::StatusOr<std::vector<Misbehaviour>> ParseMisbehaviours(const std::string& comma_separated) {
  std::vector<Misbehaviour> misbehaviours;
  for (const std::string& name : std::vector<std::string>(absl::StrSplit(comma_separated, ',', absl::SkipEmpty()))) {
    Misbehaviour::Kind kind = Misbehaviour::UNSPECIFIED;
    if (!Misbehaviour::Kind_Parse(absl::AsciiStrToUpper(name), &kind) || kind == Misbehaviour::UNSPECIFIED) {
      std::vector<std::string> known;
      for (int value = 1; value <= Misbehaviour::Kind_MAX; ++value) {
        known.push_back(absl::AsciiStrToLower(Misbehaviour::Kind_Name(static_cast<Misbehaviour::Kind>(value))));
      }
      return absl::InvalidArgumentError(absl::StrCat("\"", name, "\" is none of ", absl::StrJoin(known, ", ")));
    }
    misbehaviours.emplace_back().set_kind(kind);
  }
  return misbehaviours;
}

}  // namespace fairlead::controlplane_mock
