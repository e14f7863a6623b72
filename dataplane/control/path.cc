#include "dataplane/control/path.h"

#include "dataplane/base/absl_strings.h"
#include "dataplane/health/quote.h"

namespace fairlead::control {

std::string Path::ToString() const {
  std::string text;
  AppendTo(text);
  return text;
}

void Path::AppendTo(std::string& text) const {
  if (parent_ == nullptr) return;
  parent_->AppendTo(text);
  if (!text.empty()) text += '.';
  text += field_;
  if (by_ == By::kId) text += base::StrCat("[", health::Quote(id_), "]");
  if (by_ == By::kIndex) text += base::StrCat("[", index_, "]");
}

}  // namespace fairlead::control
