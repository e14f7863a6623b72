#include "dataplane/http/h1/request_target.h"

#include <string_view>

#include "dataplane/http/ascii.h"
#include "dataplane/http/authority.h"

namespace fairlead::http::h1 {
namespace {

const char* ParseAuthorityForm(RequestHead* head) {
  const std::string_view target = head->Get(head->target);
  const size_t colon = target.rfind(':');
  const bool has_port = colon != std::string_view::npos && colon + 1 < target.size() && target.back() != ']';
  if (!has_port || !IsValidAuthority(target)) return "the target of CONNECT is not host:port";
  head->authority = head->target;
  return nullptr;
}

const char* ParseAbsoluteForm(RequestHead* head) {
  const std::string_view target = head->Get(head->target);
  size_t scheme_size = 0;
  for (std::string_view scheme : {"http://", "https://"}) {
    if (StartsWithIgnoreCase(target, scheme)) scheme_size = scheme.size();
  }
  if (scheme_size == 0) return "the target is neither a path nor an http or https URI";
  const size_t authority_end = std::min(target.find_first_of("/?", scheme_size), target.size());
  if (!IsValidAuthority(target.substr(scheme_size, authority_end - scheme_size))) {
    return "invalid authority in the target";
  }

  const uint32_t start = head->target.offset;
  head->authority = {static_cast<uint32_t>(start + scheme_size), static_cast<uint32_t>(authority_end - scheme_size)};
  if (authority_end < target.size()) {
    head->target = {static_cast<uint32_t>(start + authority_end), static_cast<uint32_t>(target.size() - authority_end)};
  } else if (head->method == Method::kOptions) {
    head->target.size = 0;  // the server as a whole, "*" when sent on (RFC 9112 §3.2.4)
  } else {
    head->target = {static_cast<uint32_t>(start + scheme_size - 1), 1};  // the empty path is "/": one of those in "://"
  }
  return nullptr;
}

}  // namespace

const char* ParseRequestTarget(RequestHead* head) {
  const std::string_view target = head->Get(head->target);
  if (head->method == Method::kConnect) return ParseAuthorityForm(head);
  if (target.front() == '/') return nullptr;
  if (target == "*") return head->method == Method::kOptions ? nullptr : "the target * needs the method OPTIONS";
  return ParseAbsoluteForm(head);
}

}  // namespace fairlead::http::h1
