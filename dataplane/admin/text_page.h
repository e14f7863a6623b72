#pragma once

#include <string>
#include <utility>

#include "dataplane/admin/page.h"

namespace fairlead::admin {

// A text that is there already.
class TextPage final : public Page {
 public:
  explicit TextPage(std::string text) : text_(std::move(text)) {}

  std::string_view NextPiece() override {
    const std::string_view piece = std::string_view(text_).substr(told_, kPieceBytes);
    told_ += piece.size();
    return piece;
  }

 private:
  const std::string text_;
  size_t told_ = 0;
};

}  // namespace fairlead::admin
