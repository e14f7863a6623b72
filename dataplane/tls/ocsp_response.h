#pragma once

#include <ctime>
#include <string>
#include <string_view>

#include "dataplane/tls/openssl.h"

namespace fairlead::tls {

struct OcspAnswer {
  std::string fault;     // empty: it may be stapled
  time_t not_after = 0;  // until then
};

// Looks whether `der` is a response (RFC 6960) that says of `certificate` that it is good, and is of use at `now`.
OcspAnswer ReadOcspResponse(std::string_view der, const X509& certificate, time_t now);

}  // namespace fairlead::tls
