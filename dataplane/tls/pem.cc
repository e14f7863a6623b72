#include "dataplane/tls/pem.h"

#include <openssl/pem.h>

#include "dataplane/base/absl_strings.h"

namespace fairlead::tls {
namespace {

// Reads objects of one kind, which is called `label` in PEM, until the text ends.
template <typename Pointer, typename Parse>
std::vector<Pointer> ReadAll(std::string_view pem, std::string_view label, Parse parse, std::string& error) {
  std::vector<Pointer> objects;
  const BioPtr bytes = ReadFrom(pem);
  while (true) {
    char* name = nullptr;
    char* header = nullptr;
    unsigned char* data = nullptr;
    long size = 0;
    if (PEM_read_bio(bytes.get(), &name, &header, &data, &size) != 1) {
      const bool ended = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
      ERR_clear_error();
      if (!ended) error = base::StrCat("is malformed PEM after ", objects.size(), " objects");
      if (ended && objects.empty()) error = base::StrCat("has no ", label, " in PEM");
      return objects;
    }
    const unsigned char* at = data;
    const std::string found = name;
    Pointer object(found == label ? parse(nullptr, &at, size) : nullptr);
    const bool whole = object != nullptr && at == data + size;
    ERR_clear_error();
    OPENSSL_free(name);
    OPENSSL_free(header);
    OPENSSL_clear_free(data, static_cast<size_t>(size));
    if (found != label) error = base::StrCat("has a ", found, " where a ", label, " is expected");
    if (found == label && !whole) error = base::StrCat("has a malformed ", label, " after ", objects.size());
    if (!whole) return objects;
    objects.push_back(std::move(object));
  }
}

}  // namespace

std::vector<CertificatePtr> ReadCertificates(std::string_view pem, std::string& error) {
  return ReadAll<CertificatePtr>(pem, PEM_STRING_X509, d2i_X509, error);
}

std::vector<CrlPtr> ReadCrls(std::string_view pem, std::string& error) {
  return ReadAll<CrlPtr>(pem, PEM_STRING_X509_CRL, d2i_X509_CRL, error);
}

time_t TimeOf(const ASN1_TIME* time) {
  tm broken_down = {};
  return ASN1_TIME_to_tm(time, &broken_down) == 1 ? timegm(&broken_down) : 0;
}

}  // namespace fairlead::tls
