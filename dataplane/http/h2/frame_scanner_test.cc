#include "dataplane/http/h2/frame_scanner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace fairlead::http::h2 {
namespace {

using testing::ElementsAre;

// What is found when the bytes come `piece` at a time.
std::vector<std::string> Scan(const std::string& bytes, size_t piece) {
  FrameScanner scanner;
  std::vector<std::string> found;
  for (size_t i = 0; i < bytes.size(); i += piece) {
    scanner.Scan(std::string_view(bytes).substr(i, piece), [&](const FrameHeader& header) {
      found.push_back(std::to_string(header.type) + " of " + std::to_string(header.length) + " on " +
                      std::to_string(header.stream) + ", " + std::to_string(header.flags) + ", " +
                      std::to_string(header.parent));
      return true;
    });
  }
  return found;
}

TEST(FrameScanner, FindsFramesInPiecesOfAnySize) {
  const std::string bytes = std::string(24, 'p') + std::string("\0\0\2\0\1\0\0\0\3xx", 11) +
                            std::string("\0\0\5\2\0\0\0\0\7\x80\0\0\x09\1", 14) + std::string("\0\0\0\4\1\0\0\0\0", 9) +
                            std::string("\0\1\0\1\4\x80\0\0\5", 9) + std::string(256, 'h') +
                            std::string("\0\0\3\2\0\0\0\0\7pri", 12) + std::string("\0\0\x08\6\0\0\0\0\0", 9);
  for (size_t piece = 1; piece <= bytes.size(); ++piece) {
    EXPECT_THAT(Scan(bytes, piece), ElementsAre("0 of 2 on 3, 1, 0", "2 of 5 on 7, 0, 9", "4 of 0 on 0, 1, 0",
                                                "1 of 256 on 5, 4, 0", "2 of 3 on 7, 0, 0", "6 of 8 on 0, 0, 0"))
        << piece;
  }
}

TEST(FrameScanner, StopsWhenItIsToldTo) {
  FrameScanner scanner;
  int found = 0;
  scanner.Scan(std::string(24, 'p') + std::string(90, '\0'), [&](const FrameHeader&) { return ++found < 3; });
  EXPECT_EQ(found, 3);
}

}  // namespace
}  // namespace fairlead::http::h2
