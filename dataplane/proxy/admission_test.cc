// How many connections a listener takes.
#include "dataplane/proxy/admission.h"

#include <gtest/gtest.h>

#include <memory>
#include <utility>

#include "dataplane/proxy/proxy_test_support.h"

namespace fairlead::proxy {
namespace {

using testing::ProxyTest;

class AdmissionTest : public ProxyTest {
 protected:
  std::unique_ptr<Client> ClientOf(const char* address) {
    return std::make_unique<Client>(Client{.listener = &listener_, .address = *net::Address::Parse(address)});
  }
  metrics::ListenerWorkerCounters& listener() { return *listener_.own_counters; }
};
INSTANTIATE_FOR_ALL_BACKENDS(AdmissionTest);

TEST_P(AdmissionTest, TakesAsManyAsTheLimitAndOneMoreWhenOneHasEnded) {
  listener_.max_connections = 2;
  const auto first = ClientOf("192.0.2.1:1"), second = ClientOf("192.0.2.1:2"), third = ClientOf("192.0.2.1:3");
  EXPECT_TRUE(Admit(&environment_, *first));
  EXPECT_TRUE(Admit(&environment_, *second));
  EXPECT_FALSE(Admit(&environment_, *third));
  EXPECT_EQ(listener().refused_connections.value(), 1u);
  EXPECT_EQ(listener().connections_open.value(), 2u);
  Dismiss(&environment_, *first);
  EXPECT_TRUE(Admit(&environment_, *third));
  Dismiss(&environment_, *second);
  Dismiss(&environment_, *third);
  EXPECT_EQ(listener_.counters->open_connections.load(), 0u);
}

TEST_P(AdmissionTest, CountsConnectionsBeforeThereIsALimit) {
  const auto first = ClientOf("192.0.2.1:1"), second = ClientOf("192.0.2.1:2");
  EXPECT_TRUE(Admit(&environment_, *first));
  listener_.max_connections = 1;
  EXPECT_FALSE(Admit(&environment_, *second));
  Dismiss(&environment_, *first);
}

TEST_P(AdmissionTest, LimitsTheConnectionsOfOneSource) {
  listener_.max_connections_per_source = 1;
  listener_.sources = net::SourceCounts::Make();
  const auto first = ClientOf("192.0.2.1:1"), second = ClientOf("192.0.2.1:2"), other = ClientOf("192.0.2.2:1");
  for (const auto& client : {first.get(), second.get(), other.get()}) EXPECT_TRUE(Admit(&environment_, *client));
  EXPECT_TRUE(AdmitSource(&environment_, *first));
  EXPECT_FALSE(AdmitSource(&environment_, *second));
  EXPECT_TRUE(AdmitSource(&environment_, *other));
  EXPECT_EQ(listener().refused_source_connections.value(), 1u);
  Dismiss(&environment_, *second);
  Dismiss(&environment_, *first);
  const auto next = ClientOf("192.0.2.1:3");
  EXPECT_TRUE(Admit(&environment_, *next));
  EXPECT_TRUE(AdmitSource(&environment_, *next));
  // Turned off meanwhile: what was counted is still given back.
  listener_.max_connections_per_source = 0;
  Dismiss(&environment_, *next);
  Dismiss(&environment_, *other);
  EXPECT_TRUE(listener_.sources->Acquire(other->address, 1, 0).has_value());
}

}  // namespace
}  // namespace fairlead::proxy
