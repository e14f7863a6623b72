#include "dataplane/proxy/grpc.h"

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

namespace fairlead::proxy::grpc {
namespace {

// Fields and the bytes that they lie in.
struct Fields {
  explicit Fields(std::initializer_list<std::pair<std::string, std::string>> pairs) {
    for (const auto& [name, value] : pairs) {
      const auto name_offset = static_cast<uint32_t>(bytes.size());
      bytes += name;
      const auto value_offset = static_cast<uint32_t>(bytes.size());
      bytes += value;
      list.Add({name_offset, value_offset, static_cast<uint32_t>(value.size()), static_cast<uint16_t>(name.size()),
                http::KnownField::kOther});
    }
    list.set_base(bytes.data());
  }
  std::string bytes;
  http::FieldList list;
};

bool IsCallOf(const std::string& content_type, http::Method method = http::Method::kPost, bool http2 = true) {
  const Fields fields{{"accept", "*/*"}, {"content-type", content_type}};
  http::RequestHead head;
  head.http2 = http2;
  head.method = method;
  head.fields = fields.list;
  return IsCall(head);
}

TEST(Grpc, CallsAreKnownByTheirContentType) {
  for (const char* type : {"application/grpc", "application/grpc+proto", "application/grpc;x=y", "Application/GRPC"}) {
    EXPECT_TRUE(IsCallOf(type)) << type;
  }
  for (const char* type : {"application/grpc-web", "application/grpc-web+proto", "application/grp", "text/plain", ""}) {
    EXPECT_FALSE(IsCallOf(type)) << type;
  }
  EXPECT_FALSE(IsCallOf("application/grpc", http::Method::kGet));
  EXPECT_FALSE(IsCallOf("application/grpc", http::Method::kPost, /*http2=*/false));
  EXPECT_FALSE(IsCall(http::RequestHead()));
}

TEST(Grpc, TimeoutsAreWholeMilliseconds) {
  EXPECT_EQ(ParseTimeout("1H"), 3'600'000u);
  EXPECT_EQ(ParseTimeout("2M"), 120'000u);
  EXPECT_EQ(ParseTimeout("3S"), 3'000u);
  EXPECT_EQ(ParseTimeout("4m"), 4u);
  EXPECT_EQ(ParseTimeout("0m"), 0u);
  EXPECT_EQ(ParseTimeout("1u"), 1u);
  EXPECT_EQ(ParseTimeout("1001u"), 2u);
  EXPECT_EQ(ParseTimeout("99999999n"), 100u);
  EXPECT_EQ(ParseTimeout("99999999H"), kMaxTimeoutMs);
  for (const char* malformed : {"", "1", "m", "1x", "-1m", "+1m", "1.5S", " 1m", "1 m", "123456789m", "1mm"}) {
    EXPECT_EQ(ParseTimeout(malformed), std::nullopt) << malformed;
  }
  EXPECT_EQ(TimeoutOf(Fields{{"a", "1"}, {"grpc-timeout", "5S"}}.list), 5'000u);
  EXPECT_EQ(TimeoutOf(Fields{{"a", "1"}}.list), std::nullopt);
}

TEST(Grpc, TimeoutsAreWrittenSoThatTheyCanBeRead) {
  EXPECT_EQ(FormatTimeout(0), "1m");
  EXPECT_EQ(FormatTimeout(1'500), "1500m");
  EXPECT_EQ(FormatTimeout(99'999'999), "99999999m");
  EXPECT_EQ(FormatTimeout(100'000'000), "100000S");
  EXPECT_EQ(ParseTimeout(FormatTimeout(kMaxTimeoutMs)), kMaxTimeoutMs);
}

TEST(Grpc, StatusesOfTheProxysOwnAnswers) {
  const std::vector<std::pair<int, Status>> expected = {
      {400, Status::kInternal},          {404, Status::kUnimplemented},     {405, Status::kUnimplemented},
      {408, Status::kDeadlineExceeded},  {413, Status::kResourceExhausted}, {414, Status::kResourceExhausted},
      {429, Status::kResourceExhausted}, {431, Status::kResourceExhausted}, {502, Status::kUnavailable},
      {503, Status::kUnavailable},       {504, Status::kDeadlineExceeded},  {500, Status::kUnknown},
  };
  for (const auto& [http_status, status] : expected) EXPECT_EQ(StatusOf(http_status), status) << http_status;
}

TEST(Grpc, MessagesArePercentEncoded) {
  EXPECT_EQ(EncodeMessage("no \"b\": 5% \xc3\xa4\n"), "no \"b\": 5%25 %C3%A4%0A");
  EXPECT_EQ(EncodeMessage(" a "), "%20a%20");
  EXPECT_EQ(EncodeMessage(" "), "%20");
  EXPECT_EQ(EncodeMessage(""), "");
}

TEST(Grpc, StatusesOfAnswersAreReadFromTheirHeads) {
  EXPECT_EQ(StatusIn(Fields{{"grpc-status", "14"}}.list), Status::kUnavailable);
  EXPECT_EQ(StatusIn(Fields{{"grpc-status", "0"}}.list), Status::kOk);
  for (const char* malformed : {"", "17", "-1", "1x", "UNAVAILABLE"}) {
    EXPECT_EQ(StatusIn(Fields{{"grpc-status", malformed}}.list), std::nullopt) << malformed;
  }
  EXPECT_EQ(StatusIn(Fields{{"content-type", "application/grpc"}}.list), std::nullopt);
}

}  // namespace
}  // namespace fairlead::proxy::grpc
