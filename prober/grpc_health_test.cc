#include "prober/grpc_health.h"

#include <gtest/gtest.h>

#include <string>

namespace fairlead::prober {
namespace {

using std::string_literals::operator""s;

HealthResponse Answer(std::string body, std::string grpc_status = "0", std::string grpc_message = "") {
  return {.http_status = 200,
          .grpc_status = std::move(grpc_status),
          .grpc_message = std::move(grpc_message),
          .body = std::move(body)};
}

std::string Judge(const HealthResponse& response) {
  const Outcome outcome = JudgeHealthResponse(response);
  return (outcome.success ? "+ " : "- ") + outcome.reason;
}

TEST(GrpcHealth, RequestsNameTheService) {
  EXPECT_EQ(MakeHealthRequest(""), "\0\0\0\0\0"s);
  EXPECT_EQ(MakeHealthRequest("a.B"), "\0\0\0\0\x05\x0a\x03"s + "a.B");
}

TEST(GrpcHealth, ServingIsRightAndNothingElse) {
  EXPECT_EQ(Judge(Answer("\0\0\0\0\x02\x08\x01"s)), "+ SERVING");
  EXPECT_EQ(Judge(Answer("\0\0\0\0\x02\x08\x02"s)), "- NOT_SERVING, SERVING wanted");
  EXPECT_EQ(Judge(Answer("\0\0\0\0\x02\x08\x03"s)), "- SERVICE_UNKNOWN, SERVING wanted");
  EXPECT_EQ(Judge(Answer("\0\0\0\0\0"s)), "- UNKNOWN, SERVING wanted") << "0 is not written";
  EXPECT_EQ(Judge(Answer("\0\0\0\0\x02\x08\x09"s)), "- status 9, SERVING wanted");
}

TEST(GrpcHealth, ErrorsOfGrpcAreTold) {
  EXPECT_EQ(Judge(Answer("", "5", "unknown service")), "- gRPC NOT_FOUND: unknown service");
  EXPECT_EQ(Judge(Answer("", "12")), "- gRPC UNIMPLEMENTED");
  EXPECT_EQ(Judge(Answer("", "99")), "- gRPC no status of gRPC");
  EXPECT_EQ(Judge(Answer("", "")), "- no gRPC: the response has no grpc-status");
  EXPECT_EQ(Judge(Answer("", "zero")), "- no gRPC: the response has no grpc-status");
  HealthResponse no_grpc = Answer("", "");
  no_grpc.http_status = 404;
  EXPECT_EQ(Judge(no_grpc), "- HTTP 404, 200 wanted");
}

TEST(GrpcHealth, BodiesThatAreNotOneMessageAreNone) {
  for (const std::string& body : {""s, "\0\0\0\0"s, "\x01\0\0\0\x02\x08\x01"s, "\0\0\0\0\x03\x08\x01"s,
                                  "\0\0\0\0\x02\x08\x01\0"s, "\0\xff\xff\xff\xff\x08\x01"s, "\0\0\0\0\x02\xff\xff"s}) {
    EXPECT_EQ(Judge(Answer(body)), "- no gRPC: the response's body is not one message");
  }
}

}  // namespace
}  // namespace fairlead::prober
