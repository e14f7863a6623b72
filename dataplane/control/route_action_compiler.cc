#include "dataplane/control/route_action_compiler.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "dataplane/base/absl_strings.h"
#include "dataplane/base/regex.h"
#include "dataplane/control/http_checks.h"
#include "dataplane/control/value_checks.h"
#include "dataplane/health/quote.h"
#include "dataplane/http/ascii.h"

namespace fairlead::control {
namespace {

constexpr size_t kMaxPathBytes = 4'096;
constexpr size_t kMaxBodyBytes = 64 * 1'024;
constexpr size_t kMaxContentTypeBytes = 256;
constexpr size_t kMaxSubstitutionBytes = 1'024;
constexpr int kMaxHeaderChanges = 64;
constexpr size_t kMaxHeaderNameBytes = 128;
constexpr size_t kMaxHeaderValueBytes = 4'096;

constexpr std::string_view kDefaultContentType = "text/plain; charset=utf-8";

// A path, or the beginning of one, that others are to be sent to.
void CheckNewPath(std::string_view text, const Path& path, Violations& violations) {
  CheckPathText(text, path, violations);
  CheckLength(text, kMaxPathBytes, path, violations);
  // To a client "//host" is another host (RFC 3986 §4.2), and to browsers so is "/\host".
  if (text.starts_with("//") || text.starts_with("/\\")) {
    violations.Invalid(path, base::StrCat("begins as the name of a host would: ", health::Quote(text)));
  }
}

// Fields that the proxy itself is in charge of.
bool IsOwnField(std::string_view name) {
  constexpr std::array<std::string_view, 10> kOwn = {"connection",        "content-length",   "expect", "host",
                                                     "keep-alive",        "proxy-connection", "te",     "trailer",
                                                     "transfer-encoding", "upgrade"};
  return std::any_of(kOwn.begin(), kOwn.end(), [&](std::string_view own) { return http::EqualsIgnoreCase(own, name); });
}

void CheckHeaderName(std::string_view name, const Path& path, Violations& violations) {
  CheckToken(name, path, violations);
  CheckLength(name, kMaxHeaderNameBytes, path, violations);
  if (IsOwnField(name)) violations.Invalid(path, base::StrCat("the proxy itself is in charge of it: ", name));
}

}  // namespace

std::shared_ptr<const config::Redirect> CompileRedirect(const v1::Redirect& message, const config::RouteMatch& match,
                                                        const Path& place, Violations& violations) {
  auto redirect = std::make_shared<config::Redirect>();
  if (message.path().empty() && message.path_prefix().empty() && message.scheme().empty() && message.host().empty()) {
    violations.Invalid(place, "none of path, path_prefix, scheme and host; want at least one");
  }
  if (message.status() != 0) {
    constexpr uint32_t kStatuses[] = {301, 302, 303, 307, 308};
    if (std::find(std::begin(kStatuses), std::end(kStatuses), message.status()) == std::end(kStatuses)) {
      violations.Invalid(Path(place, "status"), base::StrCat("not 301, 302, 303, 307 or 308: ", message.status()));
    }
    redirect->status = static_cast<uint16_t>(message.status());
  }
  if (!message.path().empty()) {
    CheckNewPath(message.path(), Path(place, "path"), violations);
    if (!message.path_prefix().empty()) violations.Invalid(place, "both path and path_prefix; want at most one");
    redirect->path = message.path();
  }
  if (!message.path_prefix().empty()) {
    CheckNewPath(message.path_prefix(), Path(place, "path_prefix"), violations);
    if (match.path_match != config::PathMatch::kPrefix) {
      violations.Invalid(Path(place, "path_prefix"), "the rule has no match.path_prefix that it could stand for");
    }
    redirect->path_prefix = message.path_prefix();
    redirect->matched_size = match.path.size();
  }
  if (!message.scheme().empty() && message.scheme() != "http" && message.scheme() != "https") {
    violations.Invalid(Path(place, "scheme"), base::StrCat("not http or https: ", health::Quote(message.scheme())));
  }
  redirect->scheme = message.scheme();
  if (!message.host().empty()) CheckAuthority(message.host(), Path(place, "host"), violations);
  redirect->host = message.host();
  redirect->strip_query = message.strip_query();
  return redirect;
}

std::shared_ptr<const config::Respond> CompileRespond(const v1::Respond& message, const Path& place,
                                                      Violations& violations) {
  auto respond = std::make_shared<config::Respond>();
  respond->status = static_cast<uint16_t>(CheckRange(message.status(), 200, 599, Path(place, "status"), violations));
  const bool has_body = !message.body().empty();
  if (has_body && (respond->status == 204 || respond->status == 205 || respond->status == 304)) {
    violations.Invalid(Path(place, "body"), base::StrCat("a ", respond->status, " has none"));
  }
  CheckLength(message.body(), kMaxBodyBytes, Path(place, "body"), violations);
  if (!message.content_type().empty()) {
    const Path type_place(place, "content_type");
    CheckFieldValue(message.content_type(), type_place, violations);
    CheckLength(message.content_type(), kMaxContentTypeBytes, type_place, violations);
    if (!has_body) violations.Invalid(type_place, "there is no body");
  }
  respond->body = message.body();
  if (has_body) respond->content_type = message.content_type().empty() ? kDefaultContentType : message.content_type();
  return respond;
}

std::shared_ptr<const config::Rewrite> CompileRewrite(const v1::Rewrite& message, const config::RouteMatch& match,
                                                      const Path& place, RegexCache& regexes, Violations& violations) {
  auto rewrite = std::make_shared<config::Rewrite>();
  if (message.path_prefix().empty() && !message.has_path_regex() && message.host().empty()) {
    violations.Invalid(place, "none of path_prefix, path_regex and host; want at least one");
  }
  if (!message.path_prefix().empty()) {
    const Path prefix_place(place, "path_prefix");
    if (message.has_path_regex()) violations.Invalid(place, "both path_prefix and path_regex; want at most one");
    CheckPathText(message.path_prefix(), prefix_place, violations);
    CheckLength(message.path_prefix(), kMaxPathBytes, prefix_place, violations);
    if (match.path_match != config::PathMatch::kPrefix && match.path_match != config::PathMatch::kExact) {
      violations.Invalid(prefix_place, "the rule has no match.path or match.path_prefix that it could stand for");
    }
    rewrite->path_prefix = message.path_prefix();
    rewrite->matched_size = match.path.size();
  }
  if (message.has_path_regex()) {
    const Path regex_place(place, "path_regex");
    const Path substitution_place(regex_place, "substitution");
    if (message.path_regex().pattern().empty()) {
      violations.Invalid(Path(regex_place, "pattern"), "missing; want a regular expression");
    }
    rewrite->pattern = regexes.Get(message.path_regex().pattern(), Path(regex_place, "pattern"), violations);
    rewrite->substitution = message.path_regex().substitution();
    CheckPathPart(rewrite->substitution, substitution_place, violations);
    CheckLength(rewrite->substitution, kMaxSubstitutionBytes, substitution_place, violations);
    if (rewrite->pattern != nullptr) {
      std::string fault = base::FaultOfSubstitution(rewrite->substitution, rewrite->pattern->group_count());
      if (!fault.empty()) violations.Invalid(substitution_place, std::move(fault));
    }
  }
  if (!message.host().empty()) CheckAuthority(message.host(), Path(place, "host"), violations);
  rewrite->host = message.host();
  return rewrite;
}

std::shared_ptr<const config::HeaderChanges> CompileHeaderChanges(const v1::HeaderChanges& message, const Path& place,
                                                                  Violations& violations) {
  auto changes = std::make_shared<config::HeaderChanges>();
  const int count = message.remove_size() + message.set_size() + message.add_size();
  if (count > kMaxHeaderChanges) {
    violations.Invalid(place, base::StrCat("more than ", kMaxHeaderChanges, " changes: ", count));
  }
  for (int i = 0; i < message.remove_size(); ++i) {
    CheckHeaderName(message.remove(i), Path(place, "remove", i), violations);
    changes->remove.push_back(message.remove(i));
  }
  const auto take = [&](const v1::HeaderValue& field, const Path& field_place,
                        std::vector<config::HeaderChanges::Field>& fields) {
    CheckHeaderName(field.name(), Path(field_place, "name"), violations);
    CheckFieldValue(field.value(), Path(field_place, "value"), violations);
    CheckLength(field.value(), kMaxHeaderValueBytes, Path(field_place, "value"), violations);
    fields.push_back({field.name(), field.value()});
  };
  for (int i = 0; i < message.set_size(); ++i) take(message.set(i), Path(place, "set", i), changes->set);
  for (int i = 0; i < message.add_size(); ++i) take(message.add(i), Path(place, "add", i), changes->add);
  return changes;
}

std::shared_ptr<const config::GrpcRetry> CompileGrpcRetry(const v1::GrpcRetry& message, const Path& place,
                                                          Violations& violations) {
  struct Status {
    std::string_view name;
    unsigned number;
  };
  constexpr Status kStatuses[] = {
      {"CANCELLED", 1}, {"DEADLINE_EXCEEDED", 4}, {"RESOURCE_EXHAUSTED", 8}, {"INTERNAL", 13}, {"UNAVAILABLE", 14}};
  auto retry = std::make_shared<config::GrpcRetry>();
  if (message.statuses().empty()) violations.Invalid(Path(place, "statuses"), "none; want at least one");
  for (int i = 0; i < message.statuses_size(); ++i) {
    const auto* found = std::find_if(std::begin(kStatuses), std::end(kStatuses),
                                     [&](const Status& status) { return status.name == message.statuses(i); });
    if (found == std::end(kStatuses)) {
      violations.Invalid(Path(place, "statuses", i),
                         base::StrCat("not CANCELLED, DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, INTERNAL or UNAVAILABLE: ",
                                      health::Quote(message.statuses(i))));
      continue;
    }
    retry->statuses |= 1u << found->number;
  }
  if (message.max_retries() > 0) {
    retry->max_retries = CheckRange(message.max_retries(), 1, 10, Path(place, "max_retries"), violations);
  }
  return retry;
}

}  // namespace fairlead::control
