#include "dataplane/tls/shared_ciphers.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/provider.h>
#include <openssl/ssl.h>

#include <array>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "dataplane/tls/openssl.h"

namespace fairlead::tls {
namespace {

struct FreeCipher {
  void operator()(EVP_CIPHER* cipher) const { EVP_CIPHER_free(cipher); }
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using CipherPtr = std::unique_ptr<EVP_CIPHER, FreeCipher>;
using CipherContextPtr = std::unique_ptr<EVP_CIPHER_CTX, FreeCipher>;

constexpr std::string_view kAuthenticated = "17 03";

const unsigned char* Bytes(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

class SharedCiphers : public testing::TestWithParam<const char*> {
 protected:
  SharedCiphers() : context_(NewContext(TLS_server_method())) {}

  static CipherPtr Fetch(const char* properties) {
    return CipherPtr(EVP_CIPHER_fetch(nullptr, GetParam(), properties));
  }
  std::string MakeKey() { return MakeText(static_cast<size_t>(EVP_CIPHER_get_key_length(plain_.get()))); }
  std::string MakeText(size_t size) {
    std::string text(size, '\0');
    for (char& one : text) one = static_cast<char>(random_());
    return text;
  }
  // As TLS 1.3 begins with a key.
  static CipherContextPtr Begin(const EVP_CIPHER* cipher, const std::string& key, bool encrypts) {
    CipherContextPtr context(EVP_CIPHER_CTX_new());
    EXPECT_EQ(EVP_CipherInit_ex(context.get(), cipher, nullptr, nullptr, nullptr, encrypts), 1);
    EXPECT_EQ(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_IVLEN, 12, nullptr), 1);
    EXPECT_EQ(EVP_CipherInit_ex(context.get(), nullptr, nullptr, Bytes(key), nullptr, encrypts), 1);
    return context;
  }
  static void BeginMessage(EVP_CIPHER_CTX* context, const std::string& nonce) {
    EXPECT_EQ(EVP_CipherInit_ex(context, nullptr, nullptr, nullptr, Bytes(nonce), -1), 1);
    int size = 0;
    EXPECT_EQ(EVP_CipherUpdate(context, nullptr, &size, Bytes(kAuthenticated), kAuthenticated.size()), 1);
  }
  static std::string Work(EVP_CIPHER_CTX* context, const std::string& text) {
    std::string out(text.size(), '\0');
    int size = 0;
    EXPECT_EQ(EVP_CipherUpdate(context, reinterpret_cast<unsigned char*>(out.data()), &size, Bytes(text),
                               static_cast<int>(text.size())),
              1);
    return out;
  }
  static std::string EndAndGetTag(EVP_CIPHER_CTX* context) {
    std::string tag(16, '\0');
    int size = 0;
    EXPECT_EQ(EVP_CipherFinal_ex(context, nullptr, &size), 1);
    EXPECT_EQ(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, 16, tag.data()), 1);
    return tag;
  }
  static std::string Encrypt(EVP_CIPHER_CTX* context, const std::string& nonce, const std::string& text) {
    BeginMessage(context, nonce);
    std::string out = Work(context, text);
    return out + EndAndGetTag(context);
  }
  // Empty: the tag is wrong.
  static std::string Decrypt(EVP_CIPHER_CTX* context, const std::string& nonce, const std::string& encrypted) {
    std::string tag = encrypted.substr(encrypted.size() - 16);
    EXPECT_EQ(EVP_CipherInit_ex(context, nullptr, nullptr, nullptr, Bytes(nonce), -1), 1);
    EXPECT_EQ(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, 16, tag.data()), 1);
    int size = 0;
    EXPECT_EQ(EVP_CipherUpdate(context, nullptr, &size, Bytes(kAuthenticated), kAuthenticated.size()), 1);
    std::string text = Work(context, encrypted.substr(0, encrypted.size() - 16));
    return EVP_CipherFinal_ex(context, nullptr, &size) == 1 ? text : "";
  }

  std::mt19937 random_{1};
  ContextPtr context_;
  CipherPtr plain_ = Fetch("provider=default");
  CipherPtr shared_ = Fetch("provider=fairlead");
};
INSTANTIATE_TEST_SUITE_P(All, SharedCiphers, testing::Values("AES-128-GCM", "AES-256-GCM"));

TEST_P(SharedCiphers, NobodyHasThemWhoDoesNotAsk) {
  ASSERT_NE(shared_, nullptr);
  EXPECT_STREQ(OSSL_PROVIDER_get0_name(EVP_CIPHER_get0_provider(Fetch(nullptr).get())), "default");
  EXPECT_STREQ(OSSL_PROVIDER_get0_name(EVP_CIPHER_get0_provider(shared_.get())), "fairlead");
}

TEST_P(SharedCiphers, FarMoreKeysThanTablesWorkAsTheDefaultProviders) {
  struct Keyed {
    CipherContextPtr shared, plain, back;
  };
  std::vector<Keyed> all;
  for (int i = 0; i < 700; ++i) {
    const std::string key = MakeKey();
    all.push_back({Begin(shared_.get(), key, true), Begin(plain_.get(), key, true), Begin(shared_.get(), key, false)});
  }
  for (int i = 0; i < 5'000; ++i) {
    Keyed& one = all[random_() % all.size()];
    const std::string nonce = MakeText(12), text = MakeText(1 + random_() % 500);
    const std::string encrypted = Encrypt(one.shared.get(), nonce, text);
    ASSERT_EQ(encrypted, Encrypt(one.plain.get(), nonce, text));
    ASSERT_EQ(Decrypt(one.back.get(), nonce, encrypted), text);
    std::string forged = encrypted;
    forged[random_() % forged.size()] ^= 1;
    ASSERT_EQ(Decrypt(one.back.get(), nonce, forged), "");
    ASSERT_EQ(Decrypt(one.back.get(), nonce, encrypted), text) << "and goes on";
  }
}

TEST_P(SharedCiphers, MessagesOfManyKeysMayBeWorkedOnAtTheSameTime) {
  std::vector<std::array<CipherContextPtr, 2>> all;
  for (int i = 0; i < 600; ++i) {
    const std::string key = MakeKey();
    all.push_back({Begin(shared_.get(), key, true), Begin(plain_.get(), key, true)});
  }
  const std::string nonce = MakeText(12);
  for (int round = 0; round < 2; ++round) {
    for (auto& contexts : all) {
      for (CipherContextPtr& context : contexts) BeginMessage(context.get(), nonce);
    }
    for (int piece = 0; piece < 3; ++piece) {
      for (auto& [shared, plain] : all) {
        const std::string text = MakeText(37);
        ASSERT_EQ(Work(shared.get(), text), Work(plain.get(), text));
      }
    }
    for (auto& [shared, plain] : all) ASSERT_EQ(EndAndGetTag(shared.get()), EndAndGetTag(plain.get()));
  }
}

TEST_P(SharedCiphers, AnotherKeyOrAnotherNonceSizeIsTaken) {
  CipherContextPtr shared = Begin(shared_.get(), MakeKey(), true);
  Encrypt(shared.get(), MakeText(12), "before");
  const std::string key = MakeKey(), nonce = MakeText(12), long_nonce = MakeText(16);
  CipherContextPtr plain = Begin(plain_.get(), key, true);
  EXPECT_EQ(EVP_CipherInit_ex(shared.get(), nullptr, nullptr, Bytes(key), nullptr, 1), 1);
  EXPECT_EQ(Encrypt(shared.get(), nonce, "text"), Encrypt(plain.get(), nonce, "text"));
  for (EVP_CIPHER_CTX* context : {shared.get(), plain.get()}) {
    EXPECT_EQ(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_IVLEN, 16, nullptr), 1);
    EXPECT_EQ(EVP_CIPHER_CTX_get_iv_length(context), 16);
  }
  EXPECT_EQ(Encrypt(shared.get(), long_nonce, "text"), Encrypt(plain.get(), long_nonce, "text"));
}

TEST_P(SharedCiphers, TheNonceMayComeWithTheKeyOrBeforeIt) {
  const std::string key = MakeKey(), nonce = MakeText(12);
  const std::string expected = Encrypt(Begin(plain_.get(), key, true).get(), nonce, "text");
  const auto finish = [&](EVP_CIPHER_CTX* context) {
    int size = 0;
    EXPECT_EQ(EVP_CipherUpdate(context, nullptr, &size, Bytes(kAuthenticated), kAuthenticated.size()), 1);
    const std::string out = Work(context, "text");
    return out + EndAndGetTag(context);
  };
  CipherContextPtr together(EVP_CIPHER_CTX_new());
  EXPECT_EQ(EVP_CipherInit_ex(together.get(), shared_.get(), nullptr, Bytes(key), Bytes(nonce), 1), 1);
  EXPECT_EQ(finish(together.get()), expected);
  CipherContextPtr before(EVP_CIPHER_CTX_new());
  EXPECT_EQ(EVP_CipherInit_ex(before.get(), shared_.get(), nullptr, nullptr, Bytes(nonce), 1), 1);
  EXPECT_EQ(EVP_CipherInit_ex(before.get(), nullptr, nullptr, Bytes(key), nullptr, 1), 1);
  EXPECT_EQ(finish(before.get()), expected);
}

TEST_P(SharedCiphers, WithoutAKeyNothingIsEncrypted) {
  CipherContextPtr context(EVP_CIPHER_CTX_new());
  EXPECT_EQ(EVP_CipherInit_ex(context.get(), shared_.get(), nullptr, nullptr, Bytes(MakeText(12)), 1), 1);
  unsigned char out[16];
  int size = 0;
  EXPECT_EQ(EVP_CipherUpdate(context.get(), out, &size, Bytes("text"), 4), 0);
}

TEST_P(SharedCiphers, AConnectionGoesFromThreadToThread) {
  const std::string key = MakeKey();
  CipherContextPtr shared = Begin(shared_.get(), key, true), plain = Begin(plain_.get(), key, true);
  for (int i = 0; i < 3; ++i) {
    const std::string nonce = MakeText(12);
    const std::string expected = Encrypt(plain.get(), nonce, "text");
    EXPECT_EQ(Encrypt(shared.get(), nonce, "text"), expected);
    std::thread([&] {
      EXPECT_EQ(Encrypt(shared.get(), nonce, "text"), expected);
      ForgetTables();
      EXPECT_EQ(Encrypt(shared.get(), nonce, "text"), expected);
    }).join();
  }
}

}  // namespace
}  // namespace fairlead::tls
