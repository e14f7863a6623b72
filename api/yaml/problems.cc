#include "api/yaml/problems.h"

#include "api/yaml/concat.h"

namespace fairlead::api {
namespace {

constexpr size_t kMaxListed = 100;

}  // namespace

YamlProblems::YamlProblems(std::string_view file_name) : file_name_(file_name.empty() ? "input" : file_name) {}

bool YamlProblems::is_full() const { return problems_.size() == kMaxListed; }

void YamlProblems::Add(int line, std::string_view path, std::string_view problem) {
  ++count_;
  if (is_full()) return;
  problems_.emplace(line, Concat(path, path.empty() ? "" : ": ", problem));
}

absl::Status YamlProblems::ToStatus() const {
  if (empty()) return absl::OkStatus();
  std::string message;
  for (const auto& [line, text] : problems_) {
    Append(message, message.empty() ? "" : "\n", file_name_, ":", line, ": ", text);
  }
  if (count_ > problems_.size()) Append(message, "\n", file_name_, ": and ", count_ - problems_.size(), " more");
  return absl::InvalidArgumentError(message);
}

}  // namespace fairlead::api
