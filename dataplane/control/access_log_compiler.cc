#include "dataplane/control/access_log_compiler.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "dataplane/access_log/format_parser.h"
#include "dataplane/base/absl_strings.h"
#include "dataplane/control/value_checks.h"
#include "dataplane/health/quote.h"
#include "dataplane/http/scan.h"

namespace fairlead::control {
namespace {

constexpr size_t kMaxFormatBytes = 4'096;
constexpr int kMaxHeaders = 32;
constexpr size_t kMaxHeaderNameBytes = 256;

using HeaderNames = google::protobuf::RepeatedPtrField<std::string>;

std::vector<std::string> CompileHeaders(const HeaderNames& names, std::string_view field, const Path& place,
                                        Violations& violations) {
  if (names.size() > kMaxHeaders) {
    violations.Invalid(Path(place, field), base::StrCat("more than ", kMaxHeaders, " names: ", names.size()));
    return {};
  }
  std::vector<std::string> compiled;
  for (int i = 0; i < names.size(); ++i) {
    const Path name_place(place, field, i);
    std::string name = absl::AsciiStrToLower(names[i]);
    if (!http::IsToken(name) || name.size() > kMaxHeaderNameBytes) {
      violations.Invalid(name_place, base::StrCat("not the name of a field (1 to ", kMaxHeaderNameBytes,
                                                  " characters of a token): ", health::Quote(names[i])));
    } else if (std::find(compiled.begin(), compiled.end(), name) != compiled.end()) {
      violations.Add(v1::Violation::ALREADY_EXISTS, name_place,
                     base::StrCat("twice in this list: ", health::Quote(names[i])));
    } else {
      compiled.push_back(std::move(name));
    }
  }
  return compiled;
}

}  // namespace

std::shared_ptr<const config::AccessLog> CompileAccessLog(const v1::Listener& listener, const Path& place,
                                                          Violations& violations) {
  const v1::AccessLog& message = listener.access_log();
  const Path log_place(place, "access_log");
  const Path format_place(log_place, "format");
  auto log = std::make_shared<config::AccessLog>();
  log->request_headers = CompileHeaders(message.request_headers(), "request_headers", log_place, violations);
  log->response_headers = CompileHeaders(message.response_headers(), "response_headers", log_place, violations);
  CheckLength(message.format(), kMaxFormatBytes, format_place, violations);
  if (message.format().size() <= kMaxFormatBytes) {
    std::string error = access_log::ParseFormat(message.format(), log.get());
    if (!error.empty()) violations.Invalid(format_place, std::move(error));
  }
  if (message.off()) return nullptr;
  return log;
}

}  // namespace fairlead::control
