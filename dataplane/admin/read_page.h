#pragma once

#include <string>
#include <string_view>

#include "dataplane/admin/page.h"
#include "gtest/gtest.h"

namespace fairlead::admin {

// For tests: all pieces of a page, each of which is of a bounded size.
inline std::string ReadPage(Page& page) {
  std::string text;
  while (true) {
    const std::string_view piece = page.NextPiece();
    if (piece.empty()) break;
    EXPECT_LT(piece.size(), 2 * Page::kPieceBytes);
    text += piece;
  }
  EXPECT_TRUE(page.NextPiece().empty()) << "went on after its end";
  return text;
}

}  // namespace fairlead::admin
