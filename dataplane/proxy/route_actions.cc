#include "dataplane/proxy/route_actions.h"

#include <optional>

namespace fairlead::proxy {
namespace {

// With the '?'; empty: there is none.
std::string_view QueryOf(const http::RequestHead& request) {
  const std::string_view target = request.Get(request.target);
  const size_t mark = target.find('?');
  return mark == std::string_view::npos ? std::string_view() : target.substr(mark);
}

std::string_view WithoutPort(std::string_view authority) {
  const size_t host_end = authority.starts_with('[') ? authority.find(']') : 0;  // an IPv6 address has colons
  return authority.substr(0, authority.find(':', host_end));
}

// Slashes at the beginning become one, and so do backslashes, which browsers take for slashes.
void MakeOnePathOfTheSameHost(std::string* path) {
  const size_t end = path->find_first_not_of("/\\");
  path->replace(0, end == std::string::npos ? path->size() : end, "/");
}

}  // namespace

bool WriteLocation(const config::Redirect& redirect, const http::RequestHead& request, std::string_view path,
                   std::string_view scheme, std::string* location) {
  location->clear();
  const bool is_absolute = !redirect.scheme.empty() || !redirect.host.empty();
  if (!redirect.path.empty()) {
    location->append(redirect.path);
  } else if (!redirect.path_prefix.empty()) {
    location->append(redirect.path_prefix).append(path.substr(redirect.matched_size));
  } else {
    location->append(path.starts_with('/') ? path : "/");
  }
  if (!is_absolute) MakeOnePathOfTheSameHost(location);
  if (!redirect.strip_query) location->append(QueryOf(request));
  if (!is_absolute) return true;

  std::string_view host = redirect.host;
  if (host.empty()) host = WithoutPort(request.Get(request.authority));
  if (host.empty()) return false;
  location->insert(0, host);
  location->insert(0, "://");
  location->insert(0, redirect.scheme.empty() ? scheme : redirect.scheme);
  return true;
}

bool WriteTarget(const config::Rewrite& rewrite, const http::RequestHead& request, std::string_view path,
                 std::string* target) {
  target->clear();
  if (!path.starts_with('/')) return true;
  if (!rewrite.path_prefix.empty()) {
    target->append(rewrite.path_prefix).append(path.substr(rewrite.matched_size));
  } else if (rewrite.pattern != nullptr) {
    std::optional<std::string> replaced = rewrite.pattern->ReplaceFirst(path, rewrite.substitution);
    if (!replaced.has_value()) return true;
    if (!replaced->starts_with('/')) target->push_back('/');
    target->append(*replaced);
  } else {
    return true;
  }
  target->append(QueryOf(request));
  return target->size() <= kMaxRewrittenBytes;
}

void AppendChanges(const config::HeaderChanges& changes, http::FieldEdits* edits) {
  for (const std::string& name : changes.remove) edits->Remove(name);
  for (const config::HeaderChanges::Field& field : changes.set) edits->Set(field.name, field.value);
  for (const config::HeaderChanges::Field& field : changes.add) edits->Add(field.name, field.value);
}

}  // namespace fairlead::proxy
