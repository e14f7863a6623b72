// What is counted of requests, and for whom.

#include "dataplane/proxy/exchange_metrics.h"

#include <chrono>
#include <string>

#include "dataplane/proxy/proxy_test_support.h"
#include "gtest/gtest.h"

namespace fairlead::proxy {
namespace {

using testing::Get;
using testing::Origin;
using testing::Peer;
using testing::ProxyTest;
using testing::Response;

uint64_t Observations(const metrics::Histogram& histogram) {
  uint64_t sum = 0;
  for (size_t bucket = 0; bucket < metrics::Histogram::kBuckets; ++bucket) sum += histogram.count(bucket);
  return sum;
}

class ExchangeMetricsTest : public ProxyTest {
 protected:
  metrics::ListenerWorkerCounters& listener() { return *listener_.own_counters; }
  metrics::RuleWorkerCounters& rule() { return config_.rule("routes", 0).counters->of_worker(0); }
  metrics::BackendWorkerCounters& backend() { return config_.backend("web").counters->of_worker(0); }
  metrics::ServerWorkerCounters& server() { return config_.server("web", "s1").counters->of_worker(0); }

  void ExpectEnded(const metrics::RequestCounters& counters, uint64_t requests) {
    EXPECT_EQ(counters.requests.value(), requests);
    EXPECT_EQ(counters.requests_active.value(), 0u);
    EXPECT_EQ(Observations(counters.duration), requests);
  }
};
INSTANTIATE_FOR_ALL_BACKENDS(ExchangeMetricsTest);

TEST_P(ExchangeMetricsTest, ARequestIsCountedForListenerRuleBackendAndServer) {
  const std::string request = Get("/", "Connection: close\r\n");
  Peer client = Connect();
  client.Send(request);
  Peer origin = Accept();
  const std::string forwarded = ReadHead(origin);
  for (const metrics::RequestCounters* counters :
       {static_cast<metrics::RequestCounters*>(&listener()), static_cast<metrics::RequestCounters*>(&rule())}) {
    EXPECT_EQ(counters->requests.value(), 1u);
    EXPECT_EQ(counters->requests_active.value(), 1u);
    EXPECT_EQ(Observations(counters->duration), 0u);
  }
  EXPECT_EQ(backend().requests_active.value(), 1u);
  const std::string response = Response("hello");
  origin.Send(response);
  const std::string answer = ReadToEnd(client);

  ExpectEnded(listener(), 1);
  ExpectEnded(rule(), 1);
  EXPECT_EQ(listener().responses[1].value(), 1u);
  EXPECT_EQ(rule().responses[1].value(), 1u);
  EXPECT_EQ(listener().bytes_received.value(), request.size());
  EXPECT_EQ(listener().bytes_sent.value(), answer.size());
  for (const metrics::UpstreamCounters* counters :
       {static_cast<metrics::UpstreamCounters*>(&backend()), static_cast<metrics::UpstreamCounters*>(&server())}) {
    EXPECT_EQ(counters->requests.value(), 1u);
    EXPECT_EQ(counters->responses[1].value(), 1u);
    EXPECT_EQ(counters->connections.value(), 1u);
    EXPECT_EQ(counters->bytes_sent.value(), forwarded.size());
    EXPECT_EQ(counters->bytes_received.value(), response.size());
    EXPECT_EQ(Observations(counters->response_time), 1u);
  }
  EXPECT_EQ(backend().requests_active.value(), 0u);
}

TEST_P(ExchangeMetricsTest, TimesAreMeasured) {
  Peer client = Connect();
  client.Send(Get());
  Peer origin = Accept();
  ReadHead(origin);
  const uint64_t start_us = loop_->now_us();
  RunUntil([&] { return loop_->now_us() >= start_us + 20'000; });
  origin.Send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n");
  ReadHead(client);
  const uint64_t head_us = loop_->now_us();
  RunUntil([&] { return loop_->now_us() >= head_us + 20'000; });
  origin.Send("ok");
  Read(client, 2);
  EXPECT_GE(server().response_time.sum_us(), 20'000u);
  EXPECT_EQ(server().response_time.sum_us(), backend().response_time.sum_us());
  EXPECT_GE(listener().duration.sum_us(), server().response_time.sum_us() + 10'000);
  EXPECT_EQ(listener().duration.sum_us(), rule().duration.sum_us());
}

TEST_P(ExchangeMetricsTest, ARequestWithoutARuleIsItsListenersAlone) {
  config_.SetRoutes("routes", {{"/api", "web"}});
  Publish();
  Ask(Get("/other"));
  ExpectEnded(listener(), 1);
  EXPECT_EQ(listener().responses[3].value(), 1u);
  EXPECT_EQ(rule().requests.value(), 0u);
}

TEST_P(ExchangeMetricsTest, ARequestThatIsRefusedIsNoRequestButHasAResponse) {
  Ask("GET / HTTP/1.1\r\n\r\n");
  EXPECT_EQ(listener().requests.value(), 0u);
  EXPECT_EQ(listener().responses[3].value(), 1u);
}

TEST_P(ExchangeMetricsTest, RefusedConnectionsAreRetriesAndInTheEndAFailure) {
  close(origin_.listener.fd);
  Ask(Get());
  EXPECT_EQ(rule().requests.value(), 1u);
  EXPECT_EQ(rule().responses[4].value(), 1u);
  EXPECT_EQ(rule().failures.value(), 1u);
  EXPECT_EQ(listener().failures.value(), 1u);
  EXPECT_EQ(backend().requests.value(), 3u);
  EXPECT_EQ(backend().retries.value(), 2u);
  EXPECT_EQ(backend().connect_failures.value(), 3u);
  EXPECT_EQ(backend().failures.value(), 3u);
  EXPECT_EQ(server().failures.value(), 3u);
  EXPECT_EQ(Observations(server().response_time), 0u);
  EXPECT_EQ(backend().requests_active.value(), 0u);
}

TEST_P(ExchangeMetricsTest, AServerThatDoesNotAnswerInTimeIsATimeout) {
  config_.SetBackend(
      "web", [](config::BackendSettings* settings) { settings->response_timeout = std::chrono::milliseconds(20); });
  Publish();
  Ask(Get());
  EXPECT_EQ(server().timeouts.value(), 1u);
  EXPECT_EQ(backend().timeouts.value(), 1u);
  EXPECT_EQ(server().failures.value(), 0u);
  EXPECT_EQ(rule().failures.value(), 1u);
  ExpectEnded(rule(), 1);
}

TEST_P(ExchangeMetricsTest, AnAbortIsTheClients) {
  Peer client = Connect();
  client.Send(Get());
  Peer origin = Accept();
  ReadHead(origin);
  client.Reset();
  RunUntil([&] { return counters_.connections_open.value() == 0; });
  EXPECT_EQ(listener().client_aborts.value(), 1u);
  EXPECT_EQ(rule().client_aborts.value(), 1u);
  EXPECT_EQ(rule().failures.value(), 0u);
  ExpectEnded(rule(), 1);
}

TEST_P(ExchangeMetricsTest, ABackendWithoutEligibleServersCountsWhatItCouldNotTake) {
  config_.SetServer("web", "s1", origin_.address,
                    [](config::Server* server) { server->admin_state = config::AdminState::kDrain; });
  Publish();
  Ask(Get());
  EXPECT_EQ(backend().no_eligible_server.value(), 1u);
  EXPECT_EQ(backend().requests.value(), 0u);
}

// The request has been on its way by the rule of a revision that is gone.
TEST_P(ExchangeMetricsTest, ARequestThatIsRoutedAnewIsCountedForBothRules) {
  Origin gone;
  close(gone.listener.fd);
  config_.SetServer("web", "s1", gone.address);
  Publish();
  const auto first = config_.rule("routes", 0).counters;
  Peer client = Connect();
  client.Send(Get("/", "Connection: close\r\n"));
  RunUntil([&] { return counters_.requests_active.value() == 1; });
  config_.SetBackend("other");
  config_.SetServer("other", "s2", origin_.address);
  config_.SetRoutes("routes", {{"/", "other"}});
  Publish();
  Peer origin = Accept();
  ReadHead(origin);
  EXPECT_EQ(first->of_worker(0).requests.value(), 1u);
  EXPECT_EQ(first->of_worker(0).requests_active.value(), 0u);
  EXPECT_EQ(rule().requests_active.value(), 1u);
  origin.Send(Response("ok"));
  ReadToEnd(client);
  ExpectEnded(rule(), 1);
  ExpectEnded(listener(), 1);
  EXPECT_EQ(Observations(first->of_worker(0).duration), 0u);
}

}  // namespace
}  // namespace fairlead::proxy
