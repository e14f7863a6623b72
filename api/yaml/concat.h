#pragma once

#include <concepts>
#include <string>
#include <string_view>
#include <type_traits>

namespace fairlead::api {

// What absl::StrAppend, StrCat and StrJoin do, for std::string_view: the string_view of Debian's abseil is a type of
// its own, which std's does not convert to.

template <typename... Parts>
void Append(std::string& text, const Parts&... parts) {
  [[maybe_unused]] const auto append = [&text](const auto& part) {
    using Part = std::decay_t<decltype(part)>;
    static_assert(!std::same_as<Part, char> && !std::same_as<Part, bool>, "neither a text nor a number");
    if constexpr (std::integral<Part>) {
      text.append(std::to_string(part));
    } else {
      text.append(std::string_view(part));
    }
  };
  (append(parts), ...);
}

template <typename... Parts>
std::string Concat(const Parts&... parts) {
  std::string text;
  Append(text, parts...);
  return text;
}

template <typename Range>
std::string Join(const Range& parts, std::string_view separator) {
  std::string text;
  std::string_view before;
  for (const auto& part : parts) {
    Append(text, before, part);
    before = separator;
  }
  return text;
}

}  // namespace fairlead::api
