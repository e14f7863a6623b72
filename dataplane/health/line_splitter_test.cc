#include "dataplane/health/line_splitter.h"

#include <algorithm>
#include <string>
#include <vector>

#include "dataplane/health/line_protocol.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fairlead::health {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> Split(LineSplitter& splitter, std::string_view input, size_t piece_size) {
  std::vector<std::string> lines;
  for (; !input.empty(); input.remove_prefix(std::min(piece_size, input.size()))) {
    std::string_view piece = input.substr(0, piece_size);
    while (auto line = splitter.Next(&piece)) lines.emplace_back(*line);
    EXPECT_TRUE(piece.empty());
  }
  return lines;
}

TEST(LineSplitter, CutsAtLineFeedsWhateverThePieces) {
  for (size_t piece_size = 1; piece_size < 20; ++piece_size) {
    LineSplitter splitter;
    EXPECT_THAT(Split(splitter, "one\r\n\ntwo\n\r\nthr\ree\n", piece_size),
                ElementsAre("one", "", "two", "", "thr\ree"));
    EXPECT_FALSE(splitter.HasUnfinishedLine());
  }
}

TEST(LineSplitter, KnowsThatALineIsUnfinished) {
  LineSplitter splitter;
  EXPECT_THAT(Split(splitter, "on", 5), IsEmpty());
  EXPECT_TRUE(splitter.HasUnfinishedLine());
  EXPECT_THAT(Split(splitter, "e\n", 5), ElementsAre("one"));
  EXPECT_FALSE(splitter.HasUnfinishedLine());
}

TEST(LineSplitter, LinesUpToTheLimitComeWhole) {
  const std::string longest(kMaxLineBytes, 'x');
  for (size_t piece_size : {1, 4095, 4096, 4097, 4098, 10'000}) {
    LineSplitter splitter;
    EXPECT_THAT(Split(splitter, longest + "\r\n" + longest + "\nb\n", piece_size), ElementsAre(longest, longest, "b"));
  }
}

TEST(LineSplitter, LinesBeyondTheLimitComeTooLongHoweverTheyAreCut) {
  std::string beyond(kMaxLineBytes + 1, 'x');
  for (const std::string rest : {"", "\r", "\rx", "x\rx", "0123456789"}) {
    for (size_t piece_size : {1, 4095, 4096, 4097, 4098, 4099, 10'000}) {
      LineSplitter splitter;
      const auto lines = Split(splitter, beyond + rest + "\nb\n", piece_size);
      ASSERT_EQ(lines.size(), 2);
      EXPECT_GT(lines[0].size(), kMaxLineBytes);
      EXPECT_EQ(lines[1], "b");
    }
  }
}

}  // namespace
}  // namespace fairlead::health
