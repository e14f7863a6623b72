#pragma once

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ocsp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string_view>

namespace fairlead::tls {

// OpenSSL's objects with an owner. For this package's own files: others see none of it.

struct Free {
  void operator()(ASN1_TIME* time) const { ASN1_TIME_free(time); }
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(GENERAL_NAMES* names) const { GENERAL_NAMES_free(names); }
  void operator()(OCSP_BASICRESP* response) const { OCSP_BASICRESP_free(response); }
  void operator()(OCSP_RESPONSE* response) const { OCSP_RESPONSE_free(response); }
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  void operator()(SSL_SESSION* session) const { SSL_SESSION_free(session); }
  void operator()(STACK_OF(X509) * chain) const { sk_X509_pop_free(chain, X509_free); }
  void operator()(STACK_OF(X509_NAME) * names) const { sk_X509_NAME_pop_free(names, X509_NAME_free); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(X509_CRL* list) const { X509_CRL_free(list); }
  void operator()(X509_STORE* store) const { X509_STORE_free(store); }
};

using AsnTimePtr = std::unique_ptr<ASN1_TIME, Free>;
using BioPtr = std::unique_ptr<BIO, Free>;
using CertificatePtr = std::unique_ptr<X509, Free>;
using ChainPtr = std::unique_ptr<STACK_OF(X509), Free>;
using ContextPtr = std::unique_ptr<SSL_CTX, Free>;
using CrlPtr = std::unique_ptr<X509_CRL, Free>;
using GeneralNamesPtr = std::unique_ptr<GENERAL_NAMES, Free>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Free>;
using NamesPtr = std::unique_ptr<STACK_OF(X509_NAME), Free>;
using OcspBasicPtr = std::unique_ptr<OCSP_BASICRESP, Free>;
using OcspPtr = std::unique_ptr<OCSP_RESPONSE, Free>;
using SessionPtr = std::unique_ptr<SSL_SESSION, Free>;
using StorePtr = std::unique_ptr<X509_STORE, Free>;

// Reads `bytes`, which stay in place.
inline BioPtr ReadFrom(std::string_view bytes) {
  return BioPtr(BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())));
}

}  // namespace fairlead::tls
