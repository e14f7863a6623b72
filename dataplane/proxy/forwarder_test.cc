#include "dataplane/proxy/forwarder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "dataplane/http/h1/request_parser.h"
#include "dataplane/http/h1/response_parser.h"
#include "dataplane/http/h1/serializer.h"
#include "dataplane/proxy/downstream_connection.h"

namespace fairlead::proxy {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;

constexpr http::HeadLimits kLimits;

class ForwarderTest : public ::testing::Test {
 protected:
  ForwarderTest() {
    settings_.trusted_proxies = net::NetworkSet({*net::Network::Parse("10.0.0.0/8"), *net::Network::Parse("unix")});
  }

  // From here on requests come from `peer`, of a listener with settings_.
  void Start(std::string_view peer) {
    listener_.http.forwarding = std::make_shared<config::Forwarding>(settings_);
    client_ = std::make_unique<Client>(Client{&listener_, *net::Address::Parse(peer)});
    forwarder_.Start(client_.get());
  }

  void Parse(const std::string& lines, std::string_view version = "1.1") {
    bytes_ = "GET / HTTP/" + std::string(version) + "\r\n" + lines + "\r\n";
    http::h1::RequestParser parser(&kLimits);
    ASSERT_EQ(parser.Parse(bytes_, &request_).outcome, http::h1::ParseResult::Outcome::kDone);
  }

  // What the server is sent of a request with these lines, behind Host.
  std::string Forward(const std::string& lines, std::string_view version = "1.1") {
    Parse("Host: a\r\n" + lines, version);
    http::HeadEdits edits;
    forwarder_.EditRequest(request_, random_, &edits.fields);
    std::string out(http::h1::MaxRequestHeadSize(request_, edits), '\0');
    out.resize(http::h1::WriteRequestHead(request_, edits, out.data()) - out.data());
    const size_t begin = out.find("Host: a\r\n") + 9;
    return out.substr(begin, out.size() - begin - 2);
  }

  std::string ClientAddress(const std::string& lines) {
    Parse("Host: a\r\n" + lines);
    return forwarder_.ClientAddress(request_).ToString();
  }

  config::Forwarding settings_;
  ListenerState listener_;
  std::unique_ptr<Client> client_;
  load_balancing::Random random_{1};
  std::string bytes_;
  http::RequestHead request_;
  Forwarder forwarder_;
};

constexpr char kForged[] =
    "X-Forwarded-For: 6.6.6.6\r\nForwarded: for=6.6.6.6\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: b\r\n"
    "X-Request-Id: mine\r\nX-Real-IP: 6.6.6.6\r\nX-Forwarded-Port: 443\r\nX_Forwarded_For: 6.6.6.6\r\nA: b\r\n";

TEST_F(ForwarderTest, LeavesAllAloneWithoutSettings) {
  Start("192.0.2.1:1");
  listener_.http.forwarding = nullptr;
  EXPECT_EQ(Forward(kForged), kForged);
  EXPECT_EQ(ClientAddress("X-Forwarded-For: 6.6.6.6\r\n"), "192.0.2.1:1");
  EXPECT_EQ(forwarder_.RequestId(request_, random_), "");
}

TEST_F(ForwarderTest, RemovesWhatPeersSayWhoAreNotTrusted) {
  Start("192.0.2.1:1");
  EXPECT_EQ(Forward(kForged), "A: b\r\n");
}

TEST_F(ForwarderTest, KeepsWhatTrustedPeersSay) {
  Start("10.0.0.1:1");
  EXPECT_EQ(Forward(kForged), kForged);
}

TEST_F(ForwarderTest, SaysWhereARequestCameFrom) {
  settings_.x_forwarded_for = settings_.x_forwarded_proto = settings_.x_forwarded_host = settings_.forwarded = true;
  settings_.via[0] = "1.0 edge";
  settings_.via[1] = "1.1 edge";
  Start("192.0.2.1:1");
  EXPECT_EQ(Forward(kForged),
            "A: b\r\nX-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: a\r\n"
            "Forwarded: for=192.0.2.1;host=a;proto=http\r\nVia: 1.1 edge\r\n");
  EXPECT_THAT(Forward("Via: 1.1 other\r\n", "1.0"), HasSubstr("Via: 1.1 other\r\nX-F"));
  EXPECT_THAT(Forward("Via: 1.1 other\r\n", "1.0"), HasSubstr("\r\nVia: 1.0 edge\r\n"));
}

TEST_F(ForwarderTest, AppendsToWhatTrustedPeersSay) {
  settings_.x_forwarded_for = settings_.x_forwarded_proto = settings_.x_forwarded_host = settings_.forwarded = true;
  Start("10.0.0.1:1");
  EXPECT_EQ(Forward("X-Forwarded-For: 192.0.2.1\r\nA: b\r\nX-FORWARDED-FOR: 10.0.0.2\r\nForwarded: for=192.0.2.1\r\n"
                    "X-Forwarded-Proto: https\r\nX-Forwarded-Host: outer\r\n"),
            "A: b\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: outer\r\n"
            "X-Forwarded-For: 192.0.2.1, 10.0.0.2, 10.0.0.1\r\n"
            "Forwarded: for=192.0.2.1, for=10.0.0.1;host=a;proto=http\r\n");
}

TEST_F(ForwarderTest, QuotesWhatForwardedCannotSayOtherwise) {
  settings_.x_forwarded_for = settings_.forwarded = true;
  Start("[2001:db8::1]:1");
  EXPECT_EQ(Forward(""), "X-Forwarded-For: 2001:db8::1\r\nForwarded: for=\"[2001:db8::1]\";host=a;proto=http\r\n");
  Start("[::ffff:192.0.2.1]:1");
  EXPECT_EQ(Forward(""), "X-Forwarded-For: 192.0.2.1\r\nForwarded: for=192.0.2.1;host=a;proto=http\r\n");
  for (const char* authority : {"a:80", "[::1]:80"}) {
    Parse("Host: " + std::string(authority) + "\r\n");
    http::FieldEdits edits;
    forwarder_.EditRequest(request_, random_, &edits);
    std::string forwarded;
    edits.ForEachWritten([&](std::string_view name, std::string_view value) {
      if (name == "Forwarded") forwarded = value;
    });
    EXPECT_EQ(forwarded, "for=192.0.2.1;host=\"" + std::string(authority) + "\";proto=http");
  }
}

TEST_F(ForwarderTest, KnowsNoAddressOfAUnixSocket) {
  settings_.x_forwarded_for = settings_.forwarded = true;
  Start("unix:/a");
  EXPECT_EQ(Forward("X-Forwarded-For: 192.0.2.1\r\n"),
            "X-Forwarded-For: 192.0.2.1\r\nForwarded: for=unknown;host=a;proto=http\r\n");
  EXPECT_EQ(ClientAddress("X-Forwarded-For: 192.0.2.1\r\n"), "192.0.2.1:0");
}

TEST_F(ForwarderTest, FindsTheClientBehindTrustedProxiesAlone) {
  Start("192.0.2.1:1");
  EXPECT_EQ(ClientAddress("X-Forwarded-For: 6.6.6.6\r\n"), "192.0.2.1:1");
  Start("10.0.0.1:1");
  EXPECT_EQ(ClientAddress("X-Forwarded-For: 6.6.6.6, 192.0.2.1, 10.0.0.2\r\n"), "192.0.2.1:0");
  Start("10.0.0.1:1");
  EXPECT_EQ(ClientAddress(""), "10.0.0.1:1");
}

TEST_F(ForwarderTest, GivesEachRequestAnId) {
  settings_.x_request_id = true;
  Start("192.0.2.1:1");
  const std::string first = Forward("X-Request-Id: mine\r\n");
  EXPECT_THAT(first,
              MatchesRegex("X-Request-Id: [0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\r\n"));
  EXPECT_EQ(Forward(""), first) << "another attempt";
  EXPECT_EQ("X-Request-Id: " + std::string(forwarder_.RequestId(request_, random_)) + "\r\n", first);
  forwarder_.Start(client_.get());
  EXPECT_NE(Forward(""), first) << "another request";
}

TEST_F(ForwarderTest, KeepsTheIdThatATrustedProxyGave) {
  settings_.x_request_id = true;
  Start("10.0.0.1:1");
  EXPECT_EQ(Forward("x-request-id: abc\r\n"), "X-Request-Id: abc\r\n");
  EXPECT_THAT(Forward("X-Request-Id: " + std::string(257, 'a') + "\r\n"), Not(HasSubstr("aaaaaaaaaaaaaaaaaaaaaaaaa")));
}

TEST_F(ForwarderTest, TellsTheClientOfTheWayBack) {
  settings_.via[0] = "1.0 edge";
  settings_.via[1] = "1.1 edge";
  settings_.x_request_id = true;
  Start("192.0.2.1:1");
  Parse("Host: a\r\n");
  http::ResponseHead response;
  response.minor_version = 0;
  const auto written = [](const http::FieldEdits& edits) {
    std::string names;
    edits.ForEachWritten([&](std::string_view name, std::string_view value) {
      names.append(name == "Via" ? value : name).append("\n");
    });
    return names;
  };
  http::FieldEdits edits;
  forwarder_.EditResponse(request_, &response, random_, &edits);
  EXPECT_EQ(written(edits), "1.0 edge\nX-Request-Id\n");
  edits.Clear();
  forwarder_.EditResponse(request_, nullptr, random_, &edits);
  EXPECT_EQ(written(edits), "X-Request-Id\n");
}

TEST_F(ForwarderTest, ConnectionCannotRemoveWhatTheProxySays) {
  settings_.x_forwarded_for = true;
  Start("192.0.2.1:1");
  EXPECT_EQ(Forward("Connection: X-Forwarded-For, close\r\nX-Forwarded-For: 6.6.6.6\r\n"),
            "X-Forwarded-For: 192.0.2.1\r\n");
}

}  // namespace
}  // namespace fairlead::proxy
