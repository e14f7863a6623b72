#include "dataplane/http/trailer_fields.h"

#include <gtest/gtest.h>

namespace fairlead::http {
namespace {

bool IsAllowed(std::string_view name) { return IsAllowedInTrailers(name, FindKnownField(name)); }

TEST(TrailerFields, RefuseWhatFramesRoutesModifiesOrAuthenticates) {
  for (std::string_view name : {"Content-Length",
                                "Transfer-Encoding",
                                "Host",
                                "Connection",
                                "Keep-Alive",
                                "Proxy-Connection",
                                "TE",
                                "Trailer",
                                "Upgrade",
                                "Expect",
                                "Date",
                                "Authorization",
                                "authorization",
                                "Cookie",
                                "Set-Cookie",
                                "Content-Type",
                                "CONTENT-ENCODING",
                                "Content-Range",
                                "Cache-Control",
                                "Range",
                                "If-Match",
                                "if-none-match",
                                "Max-Forwards",
                                "X-Forwarded-For",
                                "Forwarded",
                                "Location",
                                "Vary",
                                "WWW-Authenticate",
                                "Early-Data",
                                "X-Real-IP",
                                "X-Client-Cert-Subject",
                                "x_client_cert_subject",
                                "X_Forwarded_For",
                                "Content_Length",
                                "Transfer_Encoding",
                                "Proxy-Authorization"}) {
    EXPECT_FALSE(IsAllowed(name)) << name;
  }
}

TEST(TrailerFields, AllowTheRest) {
  for (std::string_view name : {"grpc-status", "grpc-message", "Server-Timing", "ETag", "Digest", "Repr-Digest",
                                "X-Checksum", "X-Content-Length", "If", "Dates", "Server"}) {
    EXPECT_TRUE(IsAllowed(name)) << name;
  }
}

}  // namespace
}  // namespace fairlead::http
