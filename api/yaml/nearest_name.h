#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace fairlead::api {

// Which of `known` was probably meant by `written`: the one that differs by the fewest letters (added, left out,
// changed, or two neighbours swapped), case and '_' and '-' aside. Empty if none is near: more than a third of the
// letters differ.
std::string_view NearestName(std::string_view written, const std::vector<std::string_view>& known);

// ` did you mean "weight"?` for a message that goes on, or ends, there; empty if no name is near.
std::string DidYouMean(std::string_view written, const std::vector<std::string_view>& known);

}  // namespace fairlead::api
