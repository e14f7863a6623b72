#pragma once

#include <string>
#include <string_view>

namespace fairlead::api {

// Where in a YAML file a text is to stand.
enum class YamlContext {
  kBlock,  // alone on the rest of its line
  kFlow    // between brackets, or as a key
};

// The text as it stands if every YAML reader takes it for that text (`web`, `127.0.0.1:80`), else in double quotes
// (`"no"`,
// `"8080"`, `"back soon\n"`). One line. Bytes that are not UTF-8 become U+FFFD.
std::string QuoteYaml(std::string_view text, YamlContext context);

// Whether a text of several lines reads well as a literal block (`|`), for instance a certificate: no control
// characters, no space that the block would lose, at most one line feed at the end.
bool SuitsLiteralBlock(std::string_view text);

}  // namespace fairlead::api
