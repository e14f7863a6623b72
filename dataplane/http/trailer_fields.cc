#include "dataplane/http/trailer_fields.h"

#include "dataplane/http/ascii.h"

namespace fairlead::http {
namespace {

constexpr std::string_view kForbiddenNames[] = {
    "age",
    "authorization",
    "cache-control",
    "content-encoding",
    "content-range",
    "content-type",
    "cookie",
    "expires",
    "forwarded",
    "location",
    "max-forwards",
    "pragma",
    "proxy-authenticate",
    "range",
    "proxy-authorization",
    "retry-after",
    "set-cookie",
    "vary",
    "www-authenticate",
};

constexpr std::string_view kForbiddenPrefixes[] = {"if-", "x-forwarded-"};

}  // namespace

bool IsAllowedInTrailers(std::string_view name, KnownField known) {
  if (known == KnownField::kServer) return true;
  if (known != KnownField::kOther) return false;
  for (std::string_view prefix : kForbiddenPrefixes) {
    if (StartsWithIgnoreCase(name, prefix)) return false;
  }
  for (std::string_view forbidden : kForbiddenNames) {
    if (EqualsIgnoreCase(name, forbidden)) return false;
  }
  return true;
}

}  // namespace fairlead::http
