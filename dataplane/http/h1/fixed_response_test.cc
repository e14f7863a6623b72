#include "dataplane/http/h1/fixed_response.h"

#include <gtest/gtest.h>

#include <string>

namespace fairlead::http::h1 {
namespace {

std::string Written(const FixedResponse& response) {
  std::string room(MaxFixedHeadSize(response), '\0');
  char* const end = WriteFixedHead(response, room.data());
  EXPECT_LE(static_cast<size_t>(end - room.data()), room.size());
  room.resize(end - room.data());
  return room;
}

TEST(FixedResponse, HasALengthAndTheFieldsOfItsEdits) {
  FieldEdits edits;
  edits.Set("Content-Type", "text/html");
  edits.Add("X-A", "1");
  EXPECT_EQ(Written({.status = 403, .body_size = 12, .keep_alive = true, .edits = &edits}),
            "HTTP/1.1 403 Forbidden\r\nContent-Type: text/html\r\nX-A: 1\r\nContent-Length: 12\r\n\r\n");
}

TEST(FixedResponse, TellsWhatBecomesOfTheConnectionAndTheDate) {
  FieldEdits edits;
  EXPECT_EQ(Written({.status = 200, .client_minor_version = 0, .keep_alive = true, .date = "today", .edits = &edits}),
            "HTTP/1.1 200 OK\r\nDate: today\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n");
  edits.Set("Date", "never");
  EXPECT_EQ(Written({.status = 200, .date = "today", .edits = &edits}),
            "HTTP/1.1 200 OK\r\nDate: never\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
}

TEST(FixedResponse, HasNoBodyForHeadAndForStatusesWithoutOne) {
  FieldEdits edits;
  for (uint16_t status : {204, 304}) {
    const FixedResponse response{.status = status, .keep_alive = true, .edits = &edits};
    EXPECT_EQ(Written(response).find("Content-Length"), std::string::npos);
    EXPECT_FALSE(HasBody(response));
  }
  const FixedResponse to_head{
      .status = 200, .body_size = 5, .request_method = Method::kHead, .keep_alive = true, .edits = &edits};
  EXPECT_EQ(Written(to_head), "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
  EXPECT_FALSE(HasBody(to_head));
  EXPECT_TRUE(HasBody({.status = 205, .edits = &edits}));
}

}  // namespace
}  // namespace fairlead::http::h1
