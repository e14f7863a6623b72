#include "dataplane/control/compiler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "dataplane/base/absl_strings.h"
#include "dataplane/base/allocation_counter.h"
#include "dataplane/control/test_support.h"
#include "dataplane/routing/router.h"
#include "dataplane/routing/sni_router.h"

namespace fairlead::control {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;
using testing::UnorderedElementsAre;

std::vector<std::pair<config::BackendSlot, config::ServerSlot>> ServersIn(const Changes& changes) {
  std::vector<std::pair<config::BackendSlot, config::ServerSlot>> servers;
  for (const auto& [backend, server] : changes.list.servers) servers.push_back({backend, server});
  return servers;
}

v1::Transaction UpsertServer(std::string_view backend, std::string_view id, std::string_view address) {
  v1::Transaction transaction;
  v1::UpsertServer& upsert = *transaction.add_operations()->mutable_upsert_server();
  upsert.set_backend(std::string(backend));
  upsert.mutable_server()->set_id(std::string(id));
  upsert.mutable_server()->set_address(std::string(address));
  return transaction;
}

TEST(Compiler, DefaultsAreThoseOfTheProtos) {
  CompiledState state(kSmallState);
  const config::BackendSettings& backend = *state.FindBackend("web")->settings;
  EXPECT_EQ(backend.policy, config::LoadBalancingPolicy::kRoundRobin);
  EXPECT_TRUE(backend.unknown_is_eligible);
  EXPECT_EQ(backend.connect_timeout, milliseconds(5'000));
  EXPECT_EQ(backend.response_timeout, milliseconds(60'000));
  EXPECT_EQ(backend.idle_timeout, milliseconds(60'000));
  EXPECT_EQ(backend.max_idle_connections, 256u);
  EXPECT_EQ(backend.pool_idle_timeout, milliseconds(50'000));
  EXPECT_EQ(backend.queue_length, 0u);
  EXPECT_EQ(backend.queue_timeout, milliseconds(5'000));
  EXPECT_EQ(backend.panic_threshold, 0);

  const config::Server& server = *state.FindServer("api", "a1");
  EXPECT_EQ(server.weight, 1u);
  EXPECT_EQ(server.admin_state, config::AdminState::kReady);
  EXPECT_EQ(server.health, config::Health::kUnknown);
  EXPECT_EQ(server.max_connections(), config::kNoLimit);
  EXPECT_EQ(server.max_requests(), config::kNoLimit);
  EXPECT_TRUE(server.counters->empty());

  const config::Listener& listener = *state.snapshot().listeners[0];
  EXPECT_EQ(listener.http.idle_timeout, milliseconds(60'000));
  EXPECT_EQ(listener.http.header_timeout, milliseconds(10'000));
  EXPECT_EQ(listener.http.max_header_bytes, 32'768u);
  EXPECT_EQ(listener.http.max_header_count, 100u);
  EXPECT_EQ(listener.http.forwarding, nullptr);
  EXPECT_FALSE(listener.http.path_normalization.any());
  EXPECT_EQ(listener.http.max_uri_bytes, 8'192u);
  EXPECT_EQ(listener.http.max_body_bytes, UINT64_MAX) << "no limit";
  EXPECT_EQ(listener.http.request_timeout, milliseconds(0)) << "none";
  EXPECT_EQ(listener.http.min_client_rate, 0u);
  EXPECT_FALSE(listener.http.http2.off || listener.http.http2.only);
  EXPECT_EQ(listener.http.http2.max_concurrent_streams, 128u);
  EXPECT_EQ(listener.http.http2.stream_window, 65'535u);
  EXPECT_EQ(listener.http.http2.connection_window, 1024u * 1024);
  EXPECT_EQ(listener.http.http2.max_connection_age, milliseconds(0)) << "none";
  EXPECT_EQ(listener.http.http2.ping_interval, milliseconds(0)) << "no PINGs";
  EXPECT_EQ(listener.http.http2.ping_timeout, milliseconds(10'000));
  EXPECT_EQ(listener.http.http2.max_resets, 1'000u);
  EXPECT_EQ(listener.http.http2.max_control_frames, 10'000u);
  ASSERT_NE(listener.access_log, nullptr);
  EXPECT_TRUE(listener.access_log->is_json());
}

TEST(Compiler, EveryFieldReachesTheWorkers) {
  CompiledState state(R"(
    listeners {
      id: "l" address: "[::1]:8080"
      http {
        route_table: "r" idle_timeout { seconds: 86400 } header_timeout { nanos: 1000000 }
        max_header_bytes: 1024 max_header_count: 1000 max_uri_bytes: 65536 max_body_bytes: 5000000000
        request_timeout { seconds: 30 } min_client_rate: 500
        forwarding {
          trusted_proxies: "10.0.0.0/8" x_forwarded_for: true x_forwarded_proto: true x_forwarded_host: true
          forwarded: true via: "edge" x_request_id: true
        }
        path_normalization {
          escaped_slashes: REJECT decode_unreserved: true merge_slashes: true resolve_dot_segments: true
        }
        http2 {
          only: true max_concurrent_streams: 10000 stream_window: 65535 connection_window: 16777216
          max_connection_age { seconds: 1 } ping_interval { seconds: 1 nanos: 1000000 } ping_timeout { nanos: 1000000 }
          max_resets: 1 max_control_frames: 100
        }
      }
    }
    route_tables {
      id: "r"
      virtual_hosts {
        id: "h" domains: "WWW.Example.org" domains: "*.example.org" domains: "[::1]"
        rules { id: "exact" match { path: "/a" } backends { backend: "b" weight: 0 } backends { backend: "b" weight: 3 } }
        rules { id: "prefix" match { path_prefix: "/b/" } backends { backend: "b" } timeout { seconds: 2 }
                max_body_bytes: 7 }
        rules { id: "any" backends { backend: "b" } upgrades: "tcp" upgrades: "Foo/2" allow_connect: true }
        rules { id: "large" backends { backend: "b" } max_body_bytes: 0 upgrades: "none" }
      }
    }
    backends {
      id: "b"
      servers { id: "s" address: "10.0.0.1:80" weight: 65535 admin_state: DRAIN labels { key: "k" value: "v" }
                max_connections: 1000000000 max_requests: 7 }
      servers { id: "t" address: "10.0.0.2:80" weight: 0 admin_state: MAINT }
      load_balancing { policy: RANDOM panic_threshold: 0.5 }
      health { unknown_is_eligible: false }
      timeouts { connect { seconds: 1 } response { seconds: 2 } idle { seconds: 3 } tunnel_idle { seconds: 5 } }
      pool { max_idle_connections: 0 idle_timeout { seconds: 4 nanos: 500000000 } }
      protocol: HTTP1
      limits { queue_length: 1000000 queue_timeout { seconds: 9 } }
    }
  )");
  const config::Listener& listener = *state.snapshot().listeners[0];
  EXPECT_EQ(listener.address.ToString(), "[::1]:8080");
  EXPECT_EQ(listener.http.idle_timeout, std::chrono::hours(24));
  EXPECT_EQ(listener.http.header_timeout, milliseconds(1));
  EXPECT_EQ(listener.http.max_header_bytes, 1'024u);
  EXPECT_EQ(listener.http.max_header_count, 1'000u);
  const config::Forwarding& forwarding = *listener.http.forwarding;
  EXPECT_TRUE(forwarding.trusted_proxies.Contains(*net::Address::Parse("10.1.2.3:4")));
  EXPECT_TRUE(forwarding.x_forwarded_for && forwarding.x_forwarded_proto && forwarding.x_forwarded_host &&
              forwarding.forwarded && forwarding.x_request_id);
  EXPECT_THAT(forwarding.via, ElementsAre("1.0 edge", "1.1 edge", "2.0 edge"));
  const http::PathNormalization& normalization = listener.http.path_normalization;
  EXPECT_EQ(normalization.escaped_slashes, http::PathNormalization::EscapedSlashes::kReject);
  EXPECT_TRUE(normalization.decode_unreserved && normalization.merge_slashes && normalization.resolve_dot_segments);
  EXPECT_TRUE(listener.http.http2.only);
  EXPECT_EQ(listener.http.http2.max_concurrent_streams, 10'000u);
  EXPECT_EQ(listener.http.http2.stream_window, 65'535u);
  EXPECT_EQ(listener.http.http2.connection_window, 16u * 1024 * 1024);
  EXPECT_EQ(listener.http.http2.max_connection_age, milliseconds(1'000));
  EXPECT_EQ(listener.http.http2.ping_interval, milliseconds(1'001));
  EXPECT_EQ(listener.http.http2.ping_timeout, milliseconds(1));
  EXPECT_EQ(listener.http.http2.max_resets, 1u);
  EXPECT_EQ(listener.http.http2.max_control_frames, 100u);
  EXPECT_EQ(listener.http.max_uri_bytes, 65'536u);
  EXPECT_EQ(listener.http.max_body_bytes, 5'000'000'000u);
  EXPECT_EQ(listener.http.request_timeout, milliseconds(30'000));
  EXPECT_EQ(listener.http.min_client_rate, 500u);

  const config::VirtualHost& host = state.snapshot().route_tables[listener.http.route_table]->table().virtual_hosts[0];
  EXPECT_THAT(host.domains, ElementsAre("www.example.org", "*.example.org", "[::1]"));
  EXPECT_EQ(host.rules[0].match.path_match, config::PathMatch::kExact);
  EXPECT_EQ(host.rules[0].match.path, "/a");
  EXPECT_EQ(host.rules[0].backends[1].weight, 3u);
  EXPECT_EQ(host.rules[0].total_weight, 3u);
  EXPECT_EQ(host.rules[1].match.path_match, config::PathMatch::kPrefix);
  EXPECT_EQ(host.rules[1].match.path, "/b/");
  EXPECT_EQ(host.rules[1].timeout, milliseconds(2'000));
  EXPECT_EQ(host.rules[2].match.path_match, config::PathMatch::kAny);
  EXPECT_EQ(host.rules[2].timeout, std::nullopt);
  EXPECT_THAT(host.rules[1].upgrades, ElementsAre("websocket"));
  EXPECT_FALSE(host.rules[1].allow_connect);
  EXPECT_THAT(host.rules[2].upgrades, ElementsAre("tcp", "Foo/2"));
  EXPECT_TRUE(host.rules[2].allow_connect);
  EXPECT_THAT(host.rules[3].upgrades, ElementsAre());
  EXPECT_EQ(host.rules[1].max_body_bytes, 7u);
  EXPECT_EQ(host.rules[2].max_body_bytes, std::nullopt);
  EXPECT_EQ(host.rules[3].max_body_bytes, UINT64_MAX) << "no limit, whatever the listener's";

  const config::Backend& backend = *state.FindBackend("b");
  EXPECT_EQ(backend.settings->policy, config::LoadBalancingPolicy::kRandom);
  EXPECT_FALSE(backend.settings->unknown_is_eligible);
  EXPECT_EQ(backend.settings->connect_timeout, milliseconds(1'000));
  EXPECT_EQ(backend.settings->response_timeout, milliseconds(2'000));
  EXPECT_EQ(backend.settings->idle_timeout, milliseconds(3'000));
  EXPECT_EQ(backend.settings->tunnel_idle_timeout, milliseconds(5'000));
  EXPECT_EQ(backend.settings->max_idle_connections, 0u);
  EXPECT_EQ(backend.settings->pool_idle_timeout, milliseconds(4'500));
  EXPECT_EQ(backend.settings->queue_length, 1'000'000u);
  EXPECT_EQ(backend.settings->queue_timeout, milliseconds(9'000));
  EXPECT_EQ(backend.settings->panic_threshold, 0.5);

  const config::Server& server = *state.FindServer("b", "s");
  EXPECT_EQ(server.address.ToString(), "10.0.0.1:80");
  EXPECT_EQ(server.weight, 65'535u);
  EXPECT_EQ(server.max_connections(), 1'000'000'000u);
  EXPECT_EQ(server.max_requests(), 7u);
  EXPECT_EQ(server.admin_state, config::AdminState::kDrain);
  EXPECT_THAT(server.extras->labels, ElementsAre(Pair("k", "v")));
  EXPECT_EQ(state.FindServer("b", "t")->admin_state, config::AdminState::kMaint);
  EXPECT_EQ(state.FindServer("b", "t")->weight, 0u);
}

TEST(Compiler, ListenersHaveLimitsAndExpectHeaders) {
  CompiledState state(kSmallState);
  const auto listener = [&]() -> const config::Listener& {
    return *state.snapshot().listeners[*state.store().listeners().Find("l")];
  };
  state.Apply(ParseTransaction(R"(
    operations { upsert_listener { id: "l" address: "127.0.0.1:0" tcp { backend: "api" } } })"));
  EXPECT_EQ(listener().max_connections, 0u);
  EXPECT_EQ(listener().max_connections_per_source, 0u);
  EXPECT_EQ(listener().sources, nullptr);
  EXPECT_EQ(listener().proxy_protocol, nullptr);
  state.Apply(ParseTransaction(R"(
    operations { upsert_listener { id: "l" address: "127.0.0.1:0" tcp { backend: "api" }
      max_connections: 100000 max_connections_per_source: 32767
      proxy_protocol { trusted_sources: "10.0.0.0/8" trusted_sources: "unix" timeout { seconds: 1 } } } }
  )"));
  EXPECT_EQ(listener().max_connections, 100'000u);
  EXPECT_EQ(listener().max_connections_per_source, 32'767u);
  EXPECT_TRUE(listener().proxy_protocol->trusted_sources.Contains(*net::Address::Parse("10.1.1.1:1")));
  EXPECT_TRUE(listener().proxy_protocol->trusted_sources.Contains(*net::Address::Parse("unix:/s")));
  EXPECT_EQ(listener().proxy_protocol->timeout, milliseconds(1'000));
  const auto sources = listener().sources;
  ASSERT_NE(sources, nullptr);
  // Connections that were counted are given back to where they were counted, whatever is said meanwhile.
  state.Apply(ParseTransaction(R"(
    operations { upsert_listener { id: "l" address: "127.0.0.1:0" tcp { backend: "api" }
      proxy_protocol { trusted_sources: "10.0.0.0/8" } } })"));
  EXPECT_EQ(listener().sources, sources);
  EXPECT_EQ(listener().proxy_protocol->timeout, milliseconds(5'000));
}

TEST(Compiler, BackendsSendHeaders) {
  CompiledState state(R"(
    backends { id: "none" } backends { id: "v1" send_proxy_protocol: V1 } backends { id: "v2" send_proxy_protocol: V2 })");
  EXPECT_EQ(state.FindBackend("none")->settings->send_proxy_protocol, config::ProxyProtocol::kNone);
  EXPECT_EQ(state.FindBackend("v1")->settings->send_proxy_protocol, config::ProxyProtocol::kV1);
  EXPECT_EQ(state.FindBackend("v2")->settings->send_proxy_protocol, config::ProxyProtocol::kV2);
}

TEST(Compiler, BackendsSpeakHttp2) {
  CompiledState state(R"(
    backends { id: "http1" } backends { id: "default" protocol: HTTP2 }
    backends { id: "all" protocol: HTTP2 http2 { max_concurrent_streams: 10000 stream_window: 16777216
      connection_window: 65535 ping_interval { seconds: 1 } ping_timeout { nanos: 1000000 } } })");
  EXPECT_EQ(state.FindBackend("http1")->settings->protocol, config::BackendProtocol::kHttp1);
  EXPECT_EQ(state.FindBackend("default")->settings->protocol, config::BackendProtocol::kHttp2);
  EXPECT_EQ(state.FindBackend("default")->settings->http2, config::BackendHttp2());
  EXPECT_EQ(state.FindBackend("all")->settings->http2, (config::BackendHttp2{.max_concurrent_streams = 10'000,
                                                                             .stream_window = 16'777'216,
                                                                             .connection_window = 65'535,
                                                                             .ping_interval = milliseconds(1'000),
                                                                             .ping_timeout = milliseconds(1)}));
}

TEST(Compiler, TcpListenersGoToABackend) {
  CompiledState state(kSmallState);
  state.Apply(ParseTransaction(R"(
    operations { upsert_listener { id: "a" address: "127.0.0.1:0" tcp { backend: "api" } } }
    operations { upsert_listener { id: "b" address: "127.0.0.1:0" tcp { backend: "web" idle_timeout { seconds: 7 } } } }
  )"));
  const auto tcp = [&](std::string_view id) {
    return *state.snapshot().listeners[*state.store().listeners().Find(id)]->tcp;
  };
  EXPECT_EQ(tcp("a").backend, *state.store().backends().Find("api"));
  EXPECT_EQ(tcp("a").backend_id, "api");
  EXPECT_EQ(tcp("a").idle_timeout, std::chrono::hours(1));
  EXPECT_EQ(tcp("b").idle_timeout, milliseconds(7'000));
  EXPECT_FALSE(state.snapshot().listeners[0]->tcp.has_value());
}

TEST(Compiler, ABackendThatATcpListenerRefersToIsInUse) {
  CompiledState state(R"(
    listeners { id: "db" address: "127.0.0.1:0" tcp { backend: "b" } }
    backends { id: "b" }
  )");
  const auto remove = [] { return ParseTransaction(R"(operations { remove_backend: "b" })"); };
  EXPECT_THAT(state.Try(remove()), ElementsAre("IN_USE backends[\"b\"]: still referred to by listener \"db\""));
  EXPECT_THAT(state.Try(SnapshotTransaction(R"(listeners { id: "db" address: "127.0.0.1:0" tcp { backend: "b" } })")),
              ElementsAre("NOT_FOUND listeners[\"db\"].tcp.backend: no backend \"b\" at the end of the transaction"));
  // Another protocol, and gone.
  state.Apply(ParseTransaction(R"(
    operations { upsert_route_table { id: "r" } }
    operations { upsert_listener { id: "db" address: "127.0.0.1:0" http { route_table: "r" } } }
    operations { remove_backend: "b" })"));
  state.Apply(ParseTransaction(R"(
    operations { upsert_backend { id: "b" } }
    operations { remove_route_table: "r" }
    operations { upsert_listener { id: "db" address: "127.0.0.1:0" tcp { backend: "b" } } })"));
  state.Apply(ParseTransaction(R"(operations { remove_listener: "db" } operations { remove_backend: "b" })"));
}

TEST(Compiler, SniRoutesStandInPlaceOfABackendOrBesideIt) {
  CompiledState state(kSmallState);
  state.Apply(ParseTransaction(R"(
    operations { upsert_listener { id: "a" address: "127.0.0.1:0" tcp {
      sni_routes { server_names: "WWW.example.org" server_names: "*.example.net" backend: "web" }
      sni_routes { server_names: "*" backend: "api" } } } }
    operations { upsert_listener { id: "b" address: "127.0.0.1:0" tcp { backend: "api"
      sni_routes { server_names: "*.example.org" backend: "web" } } } })"));
  const auto tcp = [&](std::string_view id) {
    return *state.snapshot().listeners[*state.store().listeners().Find(id)]->tcp;
  };
  EXPECT_EQ(tcp("a").backend_id, "");
  EXPECT_EQ(tcp("a").sni_router->Find("www.example.org")->backend, *state.store().backends().Find("web"));
  EXPECT_EQ(tcp("a").sni_router->Find("b.example.net")->backend_id, "web");
  EXPECT_EQ(tcp("a").sni_router->Find("c.example")->backend_id, "api");
  EXPECT_EQ(tcp("b").backend_id, "api");
  EXPECT_EQ(tcp("b").sni_router->Find("c.example"), nullptr);
}

TEST(Compiler, ABackendThatASniRouteRefersToIsInUse) {
  CompiledState state(R"(
    listeners { id: "l" address: "127.0.0.1:0" tcp { backend: "a" sni_routes { server_names: "x" backend: "b" } } }
    backends { id: "a" } backends { id: "b" })");
  EXPECT_THAT(state.Try(ParseTransaction(R"(operations { remove_backend: "a" } operations { remove_backend: "b" })")),
              ElementsAre("IN_USE backends[\"a\"]: still referred to by listener \"l\"",
                          "IN_USE backends[\"b\"]: still referred to by listener \"l\""));
  state.Apply(ParseTransaction(R"(
    operations { upsert_listener { id: "l" address: "127.0.0.1:0" tcp { backend: "a" } } }
    operations { remove_backend: "b" })"));
}

TEST(Compiler, SniRoutesAreAtMostAThousand) {
  CompiledState state(kSmallState);
  const auto with = [](int count) {
    v1::Transaction transaction =
        ParseTransaction(R"(operations { upsert_listener { id: "l" address: "127.0.0.1:0" tcp {} } })");
    v1::TcpListener& tcp = *transaction.mutable_operations(0)->mutable_upsert_listener()->mutable_tcp();
    for (int i = 0; i < count; ++i) {
      v1::SniRoute& route = *tcp.add_sni_routes();
      route.add_server_names(base::StrCat("n", i));
      route.set_backend("web");
    }
    return transaction;
  };
  EXPECT_THAT(state.Try(with(1'001)),
              ElementsAre("INVALID_ARGUMENT listeners[\"l\"].tcp.sni_routes: more than 1000: 1001"));
  state.Apply(with(1'000));
}

TEST(Compiler, UnixSocketsAreAddressesOfListenersAndServers) {
  CompiledState state(kSmallState);
  state.Apply(ParseTransaction(R"(
    operations { upsert_listener { id: "private" address: "unix:/run/a" http { route_table: "main" } } }
    operations { upsert_listener { id: "shared" address: "unix:/run/b" unix_mode: "0666" http { route_table: "main" } } }
    operations { upsert_server { backend: "api" server { id: "local" address: "unix:/run/app" } } }
  )"));
  const config::Listener& listener = *state.snapshot().listeners[*state.store().listeners().Find("private")];
  EXPECT_EQ(listener.address.ToString(), "unix:/run/a");
  EXPECT_EQ(listener.unix_mode, 0600u);
  EXPECT_EQ(state.snapshot().listeners[*state.store().listeners().Find("shared")]->unix_mode, 0666u);
  EXPECT_EQ(state.FindServer("api", "local")->address.ToString(), "unix:/run/app");
}

TEST(Compiler, TheOrderOfOperationsDoesNotMatter) {
  CompiledState state;
  state.Apply(ParseTransaction(R"(
    operations { set_health { backend: "b" server: "s" status: UP } }
    operations { upsert_server { backend: "b" server { id: "s" address: "10.0.0.1:80" } } }
    operations { upsert_listener { id: "l" address: "127.0.0.1:0" http { route_table: "r" } } }
    operations { upsert_route_table { id: "r" virtual_hosts { id: "h" domains: "*"
                 rules { id: "x" backends { backend: "b" } } } } }
    operations { upsert_backend { id: "b" } }
  )"));
  EXPECT_NE(state.FindServer("b", "s"), nullptr);
  EXPECT_TRUE(state.store().listeners().Find("l").has_value());
}

TEST(Compiler, TheSameSnapshotAgainChangesNothing) {
  CompiledState state(kSmallState);
  const auto* const web = state.FindBackend("web");
  const Changes changes = state.Apply(SnapshotTransaction(kSmallState));
  EXPECT_THAT(changes.list.listeners, IsEmpty());
  EXPECT_THAT(changes.list.backends, IsEmpty());
  EXPECT_THAT(changes.list.servers, IsEmpty());
  EXPECT_THAT(changes.route_tables, IsEmpty());
  EXPECT_THAT(changes.health_words, IsEmpty());
  EXPECT_EQ(state.FindBackend("web"), web);
}

TEST(Compiler, WhatDidNotChangeIsTheSameObject) {
  CompiledState state(kSmallState);
  const config::Snapshot before = state.snapshot();
  const auto* const w1 = state.FindServer("web", "w1");
  const auto* const w2 = state.FindServer("web", "w2");
  const auto settings = state.FindBackend("web")->settings;
  const auto counters = w2->counters;

  // As operations and as a snapshot.
  state.Apply(UpsertServer("web", "w2", "127.0.0.1:9999"));
  v1::Transaction snapshot = SnapshotTransaction(kSmallState);
  snapshot.mutable_snapshot()->mutable_backends(0)->mutable_servers(1)->set_weight(9);
  const Changes changes = state.Apply(snapshot);

  EXPECT_EQ(state.FindServer("web", "w1"), w1);
  EXPECT_NE(state.FindServer("web", "w2"), w2);
  EXPECT_EQ(state.FindServer("web", "w2")->counters, counters);
  EXPECT_EQ(state.FindBackend("web")->settings, settings);
  EXPECT_EQ(state.snapshot().listeners[0], before.listeners[0]);
  EXPECT_EQ(state.snapshot().route_tables[0], before.route_tables[0]);
  EXPECT_EQ(state.snapshot().backends[1], before.backends[1]);
  EXPECT_THAT(ServersIn(changes), ElementsAre(Pair(0, 1)));
  EXPECT_THAT(changes.list.backends, IsEmpty());
}

TEST(Compiler, UpsertingABackendLeavesItsServersAlone) {
  CompiledState state(kSmallState);
  const auto* const w1 = state.FindServer("web", "w1");
  const Changes changes = state.Apply(
      ParseTransaction(R"(operations { upsert_backend { id: "web" load_balancing { policy: LEAST_REQUEST } } })"));
  EXPECT_EQ(state.FindServer("web", "w1"), w1);
  EXPECT_EQ(state.FindBackend("web")->settings->policy, config::LoadBalancingPolicy::kLeastRequest);
  EXPECT_THAT(changes.list.backends, ElementsAre(0));
  EXPECT_THAT(changes.list.servers, IsEmpty());
}

TEST(Compiler, RemovingABackendRemovesItsServersAndTheWordsOnThem) {
  CompiledState state(kSmallState);
  const Changes changes = state.Apply(ParseTransaction(R"(
    operations { remove_listener: "web" } operations { remove_route_table: "main" } operations { remove_backend: "web" }
    operations { remove_server { backend: "web" server: "w1" } }
  )"));
  EXPECT_EQ(state.FindBackend("web"), nullptr);
  EXPECT_THAT(changes.list.listeners, ElementsAre(0));
  EXPECT_THAT(changes.list.backends, ElementsAre(0));
  EXPECT_THAT(ServersIn(changes), UnorderedElementsAre(Pair(0, 0), Pair(0, 1)));
  ASSERT_EQ(changes.health_words.size(), 1u);
  EXPECT_EQ(changes.health_words[0].server, "w2");
  EXPECT_EQ(state.store().FindHealthWord(0, 1), nullptr);

  // All that is left is "api": as if nothing else had ever been.
  EXPECT_EQ(
      state.store().fingerprint(),
      CompiledState(R"(backends { id: "api" servers { id: "a1" address: "127.0.0.1:9003" } })").store().fingerprint());
}

TEST(Compiler, AnEmptySnapshotRemovesEverything) {
  CompiledState state(kSmallState);
  state.Apply(SnapshotTransaction(""));
  EXPECT_EQ(state.store().listeners().size(), 0u);
  EXPECT_EQ(state.store().route_tables().size(), 0u);
  EXPECT_EQ(state.store().backends().size(), 0u);
  EXPECT_EQ(state.store().fingerprint(), 0);
}

TEST(Compiler, ASnapshotTakesBackTheWordsThatItDoesNotHold) {
  CompiledState state(kSmallState);
  v1::Transaction transaction = SnapshotTransaction(kSmallState);
  transaction.mutable_snapshot()->clear_health();
  const Changes changes = state.Apply(transaction);
  EXPECT_EQ(state.store().FindHealthWord(0, 1), nullptr);
  EXPECT_EQ(changes.health_words.size(), 1u);
  EXPECT_THAT(changes.list.servers, IsEmpty());
}

TEST(Compiler, AFreedSlotIsGivenToALaterTransactionOnly) {
  CompiledState state(kSmallState);
  v1::Transaction exchange = UpsertServer("web", "w3", "127.0.0.1:9004");
  v1::ServerRef& gone = *exchange.add_operations()->mutable_remove_server();
  gone.set_backend("web");
  gone.set_server("w1");
  state.Apply(exchange);
  EXPECT_EQ(state.store().servers(0).Find("w3"), 2u);
  EXPECT_EQ(state.snapshot().backends[0]->servers[0], nullptr);

  state.Apply(UpsertServer("web", "w4", "127.0.0.1:9005"));
  EXPECT_EQ(state.store().servers(0).Find("w4"), 0u);
  EXPECT_EQ(state.FindServer("web", "w4")->counters->active_requests.load(), 0u);
}

TEST(Compiler, ABackendInAReusedSlotStartsWithoutTheServersOfTheOneBefore) {
  CompiledState state(R"(backends { id: "old" servers { id: "s" address: "[0:0::1]:80" } }
                         health { backend: "old" server: "s" status: UP })");
  state.Apply(ParseTransaction(R"(operations { remove_backend: "old" })"));
  state.Apply(ParseTransaction(R"(operations { upsert_backend { id: "new" } })"));
  EXPECT_EQ(state.store().backends().Find("new"), 0u);
  EXPECT_EQ(state.store().servers(0).size(), 0u);
  EXPECT_TRUE(state.FindBackend("new")->servers.empty());
  EXPECT_EQ(state.store().FindServerMessage(0, 0), nullptr);
  EXPECT_EQ(state.store().FindHealthWord(0, 0), nullptr);
}

TEST(Compiler, ListenersMayChangePlaces) {
  CompiledState state(R"(
    route_tables { id: "r" }
    listeners { id: "a" address: "127.0.0.1:81" http { route_table: "r" } }
    listeners { id: "b" address: "127.0.0.1:82" http { route_table: "r" } }
  )");
  state.Apply(ParseTransaction(R"(
    operations { upsert_listener { id: "a" address: "127.0.0.1:82" http { route_table: "r" } } }
    operations { upsert_listener { id: "b" address: "127.0.0.1:81" http { route_table: "r" } } }
  )"));
  EXPECT_EQ(state.store().FindListenerAt(*net::Address::Parse("127.0.0.1:81"))->id, "b");
  EXPECT_EQ(state.store().FindListenerAt(*net::Address::Parse("127.0.0.1:82"))->id, "a");
  EXPECT_THAT(state.Try(ParseTransaction(
                  R"(operations { upsert_listener { id: "c" address: "127.0.0.1:81" http { route_table: "r" } } })")),
              ElementsAre("ALREADY_EXISTS listeners[\"c\"].address: listener \"b\" has the same address"));
}

TEST(Compiler, AListenerMayTakeTheAddressOfOneThatGoes) {
  CompiledState state(R"(
    route_tables { id: "r" }
    listeners { id: "a" address: "127.0.0.1:81" http { route_table: "r" } }
  )");
  EXPECT_THAT(state.Try(ParseTransaction(R"(
    operations { upsert_listener { id: "b" address: "127.0.0.1:81" http { route_table: "r" } } }
    operations { remove_listener: "a" }
  )")),
              IsEmpty());
}

// The promise that a change costs what it is worth, however large the fleet.
TEST(Compiler, AChangeOfOneServerInAHundredThousandAllocatesLittle) {
  v1::Transaction everything;
  v1::Backend& backend = *everything.mutable_snapshot()->add_backends();
  backend.set_id("b");
  for (int i = 0; i < 100'000; ++i) {
    v1::Server& server = *backend.add_servers();
    server.set_id(base::StrCat("s", i));
    server.set_address("10.0.0.1:80");
  }
  Store store;
  Compiler compiler(CompiledState::kWorkers);
  const auto apply = [&](v1::Transaction& transaction) {
    std::variant<Violations, Staged> result = compiler.Compile(transaction, store);
    store.Commit(std::move(std::get<Staged>(result)));
  };
  apply(everything);
  ASSERT_EQ(store.servers(0).size(), 100'000u);

  v1::Transaction change = UpsertServer("b", "s50000", "10.0.0.2:80");
  base::AllocationCounter counter;
  apply(change);
  EXPECT_LT(counter.allocations(), 100u);
  EXPECT_LT(counter.bytes(), 20'000u);

  v1::Transaction addition = UpsertServer("b", "one-more", "10.0.0.2:80");
  base::AllocationCounter of_addition;
  apply(addition);
  EXPECT_LT(of_addition.allocations(), 100u);
}

}  // namespace
}  // namespace fairlead::control
