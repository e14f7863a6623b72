#include "dataplane/http/field_list.h"

#include "dataplane/http/ascii.h"

namespace fairlead::http {
namespace {

template <size_t kSize>
KnownField IfNamed(std::string_view name, const char (&known_name)[kSize], KnownField known) {
  return EqualsLowerCase(name, known_name) ? known : KnownField::kOther;
}

}  // namespace

KnownField FindKnownField(std::string_view name) {
  if (name.empty()) return KnownField::kOther;
  const char first = static_cast<char>(name[0] | 0x20);  // lower case, if a letter
  switch (name.size()) {
    case 2:
      return IfNamed(name, "te", KnownField::kTe);
    case 4:
      if (first == 'h') return IfNamed(name, "host", KnownField::kHost);
      if (first == 'd') return IfNamed(name, "date", KnownField::kDate);
      break;
    case 6:
      if (first == 'e') return IfNamed(name, "expect", KnownField::kExpect);
      if (first == 's') return IfNamed(name, "server", KnownField::kServer);
      break;
    case 7:
      if (first == 'u') return IfNamed(name, "upgrade", KnownField::kUpgrade);
      if (first == 't') return IfNamed(name, "trailer", KnownField::kTrailer);
      break;
    case 10:
      if (first == 'c') return IfNamed(name, "connection", KnownField::kConnection);
      if (first == 'k') return IfNamed(name, "keep-alive", KnownField::kKeepAlive);
      break;
    case 14:
      if (first == 'c') return IfNamed(name, "content-length", KnownField::kContentLength);
      if (first == 'h') return IfNamed(name, "http2-settings", KnownField::kHttp2Settings);
      break;
    case 16:
      if (first == 'p') return IfNamed(name, "proxy-connection", KnownField::kProxyConnection);
      break;
    case 17:
      if (first == 't') return IfNamed(name, "transfer-encoding", KnownField::kTransferEncoding);
      break;
  }
  return KnownField::kOther;
}

}  // namespace fairlead::http
