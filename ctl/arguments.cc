#include "ctl/arguments.h"

#include <cstddef>
#include <optional>
#include <utility>

#include "api/yaml/concat.h"
#include "api/yaml/nearest_name.h"

namespace fairlead::ctl {
namespace {

// One flag as it stands in an argument.
struct Written {
  const Flag* flag;
  // "--address" or "-f": for messages.
  std::string name;
  // After '=', or after the letter.
  std::optional<std::string> value;
};

absl::StatusOr<Written> ReadLong(const std::string& argument, const std::vector<Flag>& flags) {
  const size_t equals = argument.find('=');
  const std::string name = argument.substr(2, equals == std::string::npos ? equals : equals - 2);
  std::optional<std::string> value;
  if (equals != std::string::npos) value = argument.substr(equals + 1);
  std::vector<std::string_view> names;
  for (const Flag& flag : flags) {
    if (flag.name == name) return Written{&flag, api::Concat("--", name), std::move(value)};
    names.push_back(flag.name);
  }
  const std::string_view nearest = api::NearestName(name, names);
  return absl::InvalidArgumentError(api::Concat("unknown flag --", name, nearest.empty() ? "" : "; did you mean --",
                                                nearest, nearest.empty() ? "" : "?"));
}

absl::StatusOr<Written> ReadShort(const std::string& argument, const std::vector<Flag>& flags) {
  const std::string name = argument.substr(0, 2);
  std::optional<std::string> value;
  if (argument.size() > 2) value = argument.substr(argument[2] == '=' ? 3 : 2);
  for (const Flag& flag : flags) {
    if (flag.letter == argument[1]) return Written{&flag, name, std::move(value)};
  }
  return absl::InvalidArgumentError(api::Concat("unknown flag ", name));
}

}  // namespace

absl::StatusOr<Arguments> Arguments::Parse(const std::vector<std::string>& arguments, const std::vector<Flag>& flags) {
  Arguments parsed;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    if (argument == "--") {
      parsed.words_.insert(parsed.words_.end(), arguments.begin() + static_cast<std::ptrdiff_t>(i) + 1,
                           arguments.end());
      break;
    }
    // "-" alone is a word: standard input.
    if (argument.size() < 2 || argument[0] != '-') {
      parsed.words_.push_back(argument);
      continue;
    }
    absl::StatusOr<Written> written = argument[1] == '-' ? ReadLong(argument, flags) : ReadShort(argument, flags);
    if (!written.ok()) return written.status();
    if (!written->value && written->flag->value.empty()) written->value = "true";
    if (!written->value) {
      if (i + 1 == arguments.size()) {
        return absl::InvalidArgumentError(api::Concat(written->name, " needs a value: ", written->flag->value));
      }
      written->value = arguments[++i];
    }
    const absl::Status added = parsed.Add(*written->flag, *std::move(written->value));
    if (!added.ok()) return added;
  }
  return parsed;
}

absl::Status Arguments::Add(const Flag& flag, std::string value) {
  if (flag.value.empty() && value != "true" && value != "false") {
    return absl::InvalidArgumentError(api::Concat("--", flag.name, " is true or false, not \"", value, "\""));
  }
  std::vector<std::string>& values = values_[std::string(flag.name)];
  if (!values.empty() && !flag.repeated)
    return absl::InvalidArgumentError(api::Concat("--", flag.name, " is given twice"));
  values.push_back(std::move(value));
  return absl::OkStatus();
}

std::vector<std::string> Arguments::given() const {
  std::vector<std::string> names;
  for (const auto& [name, values] : values_) names.push_back(name);
  return names;
}

std::string Arguments::Get(std::string_view flag, std::string_view otherwise) const {
  const auto values = values_.find(flag);
  return values == values_.end() ? std::string(otherwise) : values->second.back();
}

std::vector<std::string> Arguments::GetAll(std::string_view flag) const {
  const auto values = values_.find(flag);
  return values == values_.end() ? std::vector<std::string>() : values->second;
}

}  // namespace fairlead::ctl
