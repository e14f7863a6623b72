#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "dataplane/admin/page.h"
#include "dataplane/admin/status.h"

namespace fairlead::admin {

// All that is behind the health of one server, as JSON: GET /status/servers/BACKEND/SERVER (docs/HEALTH.md). It is
// small.
class ExplanationPage final : public Page {
 public:
  // Null: there is no such server.
  static std::unique_ptr<Page> Make(const Status& status, std::string_view backend, std::string_view server);

  std::string_view NextPiece() override;

 private:
  explicit ExplanationPage(std::string text) : text_(std::move(text)) {}

  const std::string text_;
  bool told_ = false;
};

}  // namespace fairlead::admin
