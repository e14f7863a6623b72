#include "dataplane/http/h2/trailer_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "dataplane/http/h2/header_lists.h"

namespace fairlead::http::h2 {
namespace {

using Outcome = ReadResult::Outcome;
using testing::ElementsAre;

ReadResult Read(TrailerReader& reader, const HeaderList& list) {
  reader.Start();
  for (const auto& [name, value] : list) reader.Add(name, value, /*never_indexed=*/false);
  return reader.Finish();
}

TEST(TrailerReader, GathersFields) {
  TrailerReader reader;
  ASSERT_TRUE(Read(reader, {{"grpc-status", "0"}, {"grpc-message", ""}}).done());
  EXPECT_THAT(Lines(reader.fields()), ElementsAre("grpc-status: 0", "grpc-message: "));
}

TEST(TrailerReader, RefusesWhatMayNotStandThere) {
  TrailerReader reader;
  for (const char* name :
       {":status", ":path", "content-length", "transfer-encoding", "host", "cookie", "Grpc-Status"}) {
    EXPECT_EQ(Read(reader, {{"a", "b"}, {name, "1"}}).outcome, Outcome::kMalformed) << name;
  }
}

TEST(TrailerReader, HoldsItsLimits) {
  TrailerReader reader;
  const ReadResult bytes = Read(reader, {{"a", std::string(TrailerReader::kMaxBytes, 'x')}});
  EXPECT_EQ(bytes.limit, RequestLimit::kTrailers);
  EXPECT_EQ(bytes.status, 431);
  EXPECT_EQ(Read(reader, HeaderList(TrailerReader::kMaxFields + 1, {"a", "b"})).limit, RequestLimit::kTrailers);
}

}  // namespace
}  // namespace fairlead::http::h2
