// The codec allocates nothing for a message once its lists have grown.
#include <gtest/gtest.h>

#include <array>

#include "dataplane/base/allocation_counter.h"
#include "dataplane/http/h1/benchmark_messages.h"
#include "dataplane/http/h1/chunked_decoder.h"
#include "dataplane/http/h1/request_parser.h"
#include "dataplane/http/h1/response_parser.h"
#include "dataplane/http/h1/serializer.h"

namespace fairlead::http::h1 {
namespace {

class Allocations : public testing::Test {
 protected:
  // One exchange: everything that a proxied request and its response go through.
  void Exchange() {
    request_parser_.Reset();
    response_parser_.Reset();
    decoder_.Reset();
    EXPECT_EQ(request_parser_.Parse(kBrowserRequest, &request_).outcome, ParseResult::Outcome::kDone);
    edits_.Clear();
    edits_.fields.Set("X-A", "b");
    EXPECT_LE(MaxRequestHeadSize(request_, edits_), room_.size());
    WriteRequestHead(request_, edits_, room_.data());
    EXPECT_EQ(response_parser_.Parse(kOriginResponse, Method::kGet, &response_).outcome, ParseResult::Outcome::kDone);
    EXPECT_LE(MaxResponseHeadSize(response_, {}), room_.size());
    WriteResponseHead(response_, {}, room_.data());
    EXPECT_EQ(decoder_.Next("0\r\nA: b\r\nC: d\r\n\r\n", &trailers_).kind, ChunkedDecoder::Kind::kEnd);
    WriteLastChunk(trailers_, room_.data());
  }

 private:
  const HeadLimits head_limits_;
  const ChunkLimits chunk_limits_;
  RequestParser request_parser_{&head_limits_};
  ResponseParser response_parser_{&head_limits_};
  ChunkedDecoder decoder_{&chunk_limits_};
  RequestHead request_;
  ResponseHead response_;
  HeadEdits edits_;
  FieldList trailers_;
  std::array<char, 4096> room_;
};

TEST_F(Allocations, HappenForTheFirstExchangeAlone) {
  const base::AllocationCounter first;
  Exchange();
  EXPECT_GT(first.allocations(), 0u);
  const base::AllocationCounter second;
  Exchange();
  EXPECT_EQ(second.allocations(), 0u);
}

}  // namespace
}  // namespace fairlead::http::h1
