#include "dataplane/http/h1/error_response.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace fairlead::http::h1 {
namespace {

std::string Written(const ErrorResponse& response) {
  const size_t max_size = MaxErrorResponseSize(response);
  const auto room = std::make_unique<char[]>(max_size);
  char* const end = WriteErrorResponse(response, room.get());
  EXPECT_LE(end, room.get() + max_size);
  return std::string(room.get(), end);
}

TEST(ErrorResponse, SaysWhatWentWrongInOneLine) {
  EXPECT_EQ(Written({.status = 503, .detail = "no eligible server"}),
            "HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain\r\nContent-Length: 44\r\n"
            "Connection: close\r\n\r\n503 Service Unavailable: no eligible server\n");
  EXPECT_EQ(Written({.status = 400}),
            "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: 16\r\n"
            "Connection: close\r\n\r\n400 Bad Request\n");
}

TEST(ErrorResponse, SendsHeadOnlyTheLength) {
  EXPECT_EQ(Written({.status = 404, .request_method = Method::kHead, .keep_alive = true}),
            "HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\nContent-Length: 14\r\n\r\n");
}

TEST(ErrorResponse, CarriesDateConnectionAndExtraFields) {
  FieldEdits edits;
  edits.Add("Retry-After", "1");
  EXPECT_EQ(Written({.status = 599,
                     .client_minor_version = 0,
                     .keep_alive = true,
                     .date = "Sun, 06 Nov 1994 08:49:37 GMT",
                     .edits = &edits}),
            "HTTP/1.1 599 \r\nContent-Type: text/plain\r\nContent-Length: 5\r\n"
            "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nRetry-After: 1\r\nConnection: keep-alive\r\n\r\n599 \n");
}

TEST(ErrorResponse, ReservesEnoughForLongTexts) {
  const std::string text(5000, 'x');
  FieldEdits edits;
  edits.Add(text, text);
  Written({.status = 431, .detail = text, .date = text, .edits = &edits});
}

}  // namespace
}  // namespace fairlead::http::h1
