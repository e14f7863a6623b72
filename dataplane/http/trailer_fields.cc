#include "dataplane/http/trailer_fields.h"

#include "dataplane/http/ascii.h"

namespace fairlead::http {
namespace {

constexpr std::string_view kForbiddenNames[] = {
    "age",
    "authorization",
    "cache-control",
    "content-encoding",
    "content-length",  // with a '_': in its own form it is a known field
    "content-range",
    "content-type",
    "cookie",
    "early-data",
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
    "transfer-encoding",  // likewise
    "vary",
    "www-authenticate",
    "x-real-ip",
};

// The latter two are the proxy's own words of a client: a server that merges trailers would take the client's for them.
constexpr std::string_view kForbiddenPrefixes[] = {"if-", "x-client-cert-", "x-forwarded-"};

}  // namespace

bool IsAllowedInTrailers(std::string_view name, KnownField known) {
  if (known == KnownField::kServer) return true;
  if (known != KnownField::kOther) return false;
  for (std::string_view prefix : kForbiddenPrefixes) {
    if (StartsWithFolded(name, prefix)) return false;
  }
  for (std::string_view forbidden : kForbiddenNames) {
    if (EqualsFolded(name, forbidden)) return false;
  }
  return true;
}

}  // namespace fairlead::http
