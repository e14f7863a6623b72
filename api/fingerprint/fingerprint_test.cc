#include "api/fingerprint/fingerprint.h"

#include <gtest/gtest.h>

#include <string>

namespace fairlead::api {
namespace {

// The expected digests were computed with Python's hashlib over bytes put together by hand, for instance the server's:
//   hashlib.sha256(b"server\0web\0" + b"\x0a\x02w1" + b"\x12\x0b10.0.0.1:80" + b"\x18\x05"
//                  + b"\x2a\x06\x0a\x01a\x12\x011" + b"\x2a\x06\x0a\x01b\x12\x012").hexdigest()[:32]
constexpr char kListenerDigest[] = "8f6d88e2e8773b258407f45d951530bd";
constexpr char kBackendDigest[] = "d177784a4e1995616ddfd9f189df35a6";
constexpr char kServerDigest[] = "187f5f7cb9dfd11832dcf81b8942162a";
constexpr char kHealthDigest[] = "49c9a46244c3fd76fb752c5c1e24dba1";
constexpr char kSumOfTheFour[] = "c32e050c35349f162039f2c6c65b582e";
constexpr char kEmptyRouteTableDigest[] = "68f9a81c2d07ec413f4a2bb799d589a4";
constexpr char kCertificateDigest[] = "d11d2c945c7f30ca78e06d37d4e04700";
constexpr char kTicketKeysDigest[] = "aaea2096c2b12bd6195b61644092a636";
constexpr char kTrustBundleDigest[] = "c034ea5fea00ddd22b53bd1ee1a9f7a2";

v1::Snapshot FourResources() {
  v1::Snapshot snapshot;
  v1::Listener* listener = snapshot.add_listeners();
  listener->set_id("web");
  listener->set_address("127.0.0.1:80");
  listener->mutable_http()->set_route_table("main");

  v1::Backend* backend = snapshot.add_backends();
  backend->set_id("web");
  backend->mutable_load_balancing()->set_policy(v1::LoadBalancing::LEAST_REQUEST);
  v1::Server* server = backend->add_servers();
  server->set_id("w1");
  server->set_address("10.0.0.1:80");
  server->set_weight(5);
  (*server->mutable_labels())["b"] = "2";
  (*server->mutable_labels())["a"] = "1";

  v1::HealthState* health = snapshot.add_health();
  health->set_backend("web");
  health->set_server("w1");
  health->set_status(v1::Health::DOWN);
  health->set_reason("no");
  return snapshot;
}

TEST(Fingerprint, IsOfNothingByDefault) { EXPECT_EQ(Fingerprint().ToHex(), std::string(32, '0')); }

TEST(Fingerprint, WrapsAround) {
  Fingerprint value(1);
  value -= Fingerprint(2);
  EXPECT_EQ(value.ToHex(), std::string(32, 'f'));
  value += Fingerprint(2);
  EXPECT_EQ(value, Fingerprint(1));
}

TEST(Fingerprint, ShowsTheHigherHalfFirst) {
  EXPECT_EQ(Fingerprint(absl::MakeUint128(0xA, 0xB)).ToHex(), "000000000000000a000000000000000b");
}

TEST(DigestOf, IsTheStartOfSha256OverKindBackendAndBytes) {
  const v1::Snapshot snapshot = FourResources();
  const v1::Server& server = snapshot.backends(0).servers(0);
  EXPECT_EQ(DigestOf(ResourceKind::kListener, "", snapshot.listeners(0)).ToHex(), kListenerDigest);
  EXPECT_EQ(DigestOf(ResourceKind::kServer, "web", server).ToHex(), kServerDigest);
  EXPECT_EQ(DigestOf(ResourceKind::kHealth, "", snapshot.health(0)).ToHex(), kHealthDigest);
  EXPECT_EQ(DigestOf(ResourceKind::kRouteTable, "", v1::RouteTable()).ToHex(), kEmptyRouteTableDigest);

  v1::Certificate certificate;
  certificate.set_id("c");
  EXPECT_EQ(DigestOf(ResourceKind::kCertificate, "", certificate).ToHex(), kCertificateDigest);
  v1::TrustBundle bundle;
  bundle.set_id("t");
  EXPECT_EQ(DigestOf(ResourceKind::kTrustBundle, "", bundle).ToHex(), kTrustBundleDigest);
  v1::TicketKeys keys;
  keys.set_id("k");
  EXPECT_EQ(DigestOf(ResourceKind::kTicketKeys, "", keys).ToHex(), kTicketKeysDigest);
}

TEST(DigestOf, LeavesABackendsServersAside) {
  v1::Backend backend = FourResources().backends(0);
  EXPECT_EQ(DigestOf(ResourceKind::kBackend, "", backend).ToHex(), kBackendDigest);
  backend.clear_servers();
  EXPECT_EQ(DigestOf(ResourceKind::kBackend, "", backend).ToHex(), kBackendDigest);
}

TEST(DigestOf, TellsServersOfTwoBackendsApart) {
  const v1::Server server = FourResources().backends(0).servers(0);
  EXPECT_NE(DigestOf(ResourceKind::kServer, "web", server).ToHex(),
            DigestOf(ResourceKind::kServer, "api", server).ToHex());
}

TEST(DigestOf, CountsUnknownFieldsOfABackendButNotThoseOfItsServers) {
  const v1::Backend known = FourResources().backends(0);
  v1::Backend newer = known;
  newer.GetReflection()->MutableUnknownFields(&newer)->AddVarint(1000, 7);
  EXPECT_FALSE(DigestOf(ResourceKind::kBackend, "", known) == DigestOf(ResourceKind::kBackend, "", newer));

  v1::Backend newer_server = known;
  v1::Server* server = newer_server.mutable_servers(0);
  server->GetReflection()->MutableUnknownFields(server)->AddVarint(1000, 7);
  EXPECT_EQ(DigestOf(ResourceKind::kBackend, "", known), DigestOf(ResourceKind::kBackend, "", newer_server));
}

TEST(DigestOf, HealthThatSaysNothingIsNothing) {
  v1::HealthState health = FourResources().health(0);
  health.set_status(v1::Health::UNKNOWN);
  EXPECT_EQ(DigestOf(ResourceKind::kHealth, "", health), Fingerprint());
}

TEST(OfSnapshot, IsTheSumOfAllResources) { EXPECT_EQ(OfSnapshot(FourResources()).ToHex(), kSumOfTheFour); }

TEST(OfSnapshot, CountsEveryKind) {
  v1::Snapshot snapshot;
  snapshot.add_route_tables();
  EXPECT_EQ(OfSnapshot(snapshot).ToHex(), kEmptyRouteTableDigest);
  snapshot.Clear();
  snapshot.add_certificates()->set_id("c");
  EXPECT_EQ(OfSnapshot(snapshot).ToHex(), kCertificateDigest);
  snapshot.Clear();
  snapshot.add_trust_bundles()->set_id("t");
  EXPECT_EQ(OfSnapshot(snapshot).ToHex(), kTrustBundleDigest);
  snapshot.Clear();
  snapshot.add_ticket_keys()->set_id("k");
  EXPECT_EQ(OfSnapshot(snapshot).ToHex(), kTicketKeysDigest);
}

TEST(OfSnapshot, DoesNotDependOnOrder) {
  v1::Snapshot forward = FourResources();
  forward.mutable_backends(0)->add_servers()->set_id("w2");
  forward.add_backends()->set_id("api");
  v1::Snapshot backward = forward;
  backward.mutable_backends()->SwapElements(0, 1);
  backward.mutable_backends(1)->mutable_servers()->SwapElements(0, 1);
  EXPECT_EQ(OfSnapshot(forward), OfSnapshot(backward));
}

TEST(OfSnapshot, CanBeKeptUpToDateByDigests) {
  v1::Snapshot snapshot = FourResources();
  v1::Server& server = *snapshot.mutable_backends(0)->mutable_servers(0);
  Fingerprint kept = OfSnapshot(snapshot);
  kept -= DigestOf(ResourceKind::kServer, "web", server);
  server.set_weight(6);
  kept += DigestOf(ResourceKind::kServer, "web", server);
  EXPECT_EQ(kept, OfSnapshot(snapshot));
}

}  // namespace
}  // namespace fairlead::api
