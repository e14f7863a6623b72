#include "tests/support/peer/flags.h"

#include <utility>

#include "tests/support/peer/text.h"

namespace fairlead::peer {

absl::StatusOr<Flags> Flags::Parse(int argc, char** argv, const std::set<std::string>& known) {
  Flags flags;
  for (int i = 1; i < argc; ++i) {
    std::string_view argument = argv[i];
    if (!argument.starts_with("--")) return absl::InvalidArgumentError(Concat("not a flag: ", argument));
    size_t equals = argument.find('=');
    std::string name(argument.substr(2, equals == std::string_view::npos ? equals : equals - 2));
    if (!known.contains(name)) return absl::InvalidArgumentError(Concat("unknown flag: --", name));
    flags.values_[name].emplace_back(equals == std::string_view::npos ? "true" : argument.substr(equals + 1));
  }
  return flags;
}

std::string Flags::String(const std::string& name, std::string_view otherwise) const {
  auto found = values_.find(name);
  return found == values_.end() ? std::string(otherwise) : found->second.back();
}

std::vector<std::string> Flags::List(const std::string& name) const {
  auto found = values_.find(name);
  return found == values_.end() ? std::vector<std::string>() : found->second;
}

absl::StatusOr<uint64_t> Flags::Number(const std::string& name, uint64_t otherwise) const {
  if (!Has(name)) return otherwise;
  std::optional<uint64_t> number = ParseNumber(String(name, ""));
  if (!number) return absl::InvalidArgumentError(Concat("--", name, ": not a number: ", String(name, "")));
  return *number;
}

absl::StatusOr<std::chrono::milliseconds> Flags::Duration(const std::string& name,
                                                          std::chrono::milliseconds otherwise) const {
  if (!Has(name)) return otherwise;
  return ParseDuration(String(name, ""));
}

absl::StatusOr<std::chrono::milliseconds> ParseDuration(std::string_view text) {
  for (auto [unit, milliseconds] : {std::pair<std::string_view, uint64_t>{"ms", 1}, {"s", 1'000}, {"m", 60'000}}) {
    if (!text.ends_with(unit)) continue;
    std::optional<uint64_t> count = ParseNumber(text.substr(0, text.size() - unit.size()));
    if (count) return std::chrono::milliseconds(*count * milliseconds);
  }
  return absl::InvalidArgumentError(Concat("not a duration like 200ms, 5s or 1m: ", text));
}

}  // namespace fairlead::peer
