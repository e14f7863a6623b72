#include "dataplane/proxy/client_certificate_fields.h"

#include <string_view>

#include "dataplane/http/ascii.h"

namespace fairlead::proxy {
namespace {

constexpr std::string_view kPrefix = "x-client-cert-";

bool IsClientCertificateField(std::string_view name) {
  return name.size() > kPrefix.size() && http::StartsWithFolded(name, kPrefix);
}

std::string_view KindText(tls::SubjectName::Kind kind) {
  switch (kind) {
    case tls::SubjectName::Kind::kDns:
      return "DNS:";
    case tls::SubjectName::Kind::kUri:
      return "URI:";
    case tls::SubjectName::Kind::kEmail:
      return "email:";
    case tls::SubjectName::Kind::kIp:
      return "IP:";
  }
  return "";
}

}  // namespace

void RemoveClientCertificateFields(const http::FieldList& fields, http::FieldEdits* edits) {
  for (const http::FieldList::Field& field : fields) {
    if (IsClientCertificateField(fields.name(field))) edits->Remove(fields.name(field));
  }
}

void AddClientCertificateFields(const tls::PeerCertificate& certificate, std::string* text, http::FieldEdits* edits) {
  if (!certificate.subject.empty()) edits->Set("X-Client-Cert-Subject", certificate.subject);
  text->clear();
  AppendNames(certificate, text);
  if (!text->empty()) edits->Set("X-Client-Cert-SAN", *text);
  edits->Set("X-Client-Cert-Fingerprint", certificate.fingerprint);
}

void AppendNames(const tls::PeerCertificate& certificate, std::string* text) {
  for (const tls::SubjectName& name : certificate.names) {
    if (!text->empty()) text->append(", ");
    text->append(KindText(name.kind));
    for (const char c : name.text) {
      if (c == ',') {
        text->append("%2C");
      } else if (c == ' ') {
        text->append("%20");
      } else {
        text->push_back(c);
      }
    }
  }
}

}  // namespace fairlead::proxy
