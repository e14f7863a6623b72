#include "dataplane/tls/shared_ciphers.h"

#include <openssl/core.h>
#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/params.h>
#include <openssl/provider.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <string_view>

#include "dataplane/tls/openssl.h"

namespace fairlead::tls {
namespace {

constexpr size_t kTables = 256;
constexpr size_t kMaxKeySize = 32;
constexpr size_t kNonceSize = 12;  // of TLS, and OpenSSL's default

// A cipher of the default provider, whose contexts are what is called tables here.
struct Cipher {
  size_t key_size = 0;
  OSSL_FUNC_cipher_newctx_fn* make = nullptr;
  OSSL_FUNC_cipher_freectx_fn* free = nullptr;  // which wipes them
  OSSL_FUNC_cipher_encrypt_init_fn* begin_encryption = nullptr;
  OSSL_FUNC_cipher_decrypt_init_fn* begin_decryption = nullptr;
  OSSL_FUNC_cipher_update_fn* update = nullptr;
  OSSL_FUNC_cipher_final_fn* end = nullptr;
  OSSL_FUNC_cipher_cipher_fn* run = nullptr;
  OSSL_FUNC_cipher_get_params_fn* get_parameters = nullptr;
  OSSL_FUNC_cipher_get_ctx_params_fn* get_context_parameters = nullptr;
  OSSL_FUNC_cipher_set_ctx_params_fn* set_context_parameters = nullptr;
  OSSL_FUNC_cipher_gettable_params_fn* gettable_parameters = nullptr;
  OSSL_FUNC_cipher_gettable_ctx_params_fn* gettable_context_parameters = nullptr;
  OSSL_FUNC_cipher_settable_ctx_params_fn* settable_context_parameters = nullptr;
};
// Set once, before the first context is made.
constinit Cipher aes128;
constinit Cipher aes256;
constinit void* default_provider = nullptr;

// One direction of a connection.
struct Context {
  const Cipher* cipher;
  void* own;    // tables that are nobody else's; null: the thread's are used
  uint64_t id;  // of the key: 0 before there is one
  unsigned char key[kMaxKeySize];
  bool encrypts;

  int Begin(void* tables, const unsigned char* its_key, const unsigned char* nonce, size_t nonce_size) const {
    const auto begin = encrypts ? cipher->begin_encryption : cipher->begin_decryption;
    return begin(tables, its_key, its_key != nullptr ? cipher->key_size : 0, nonce, nonce_size, nullptr);
  }
};

// A thread's. The tables of a key can stand in one place alone.
class Tables {
 public:
  constexpr Tables() = default;
  ~Tables() { Clear(); }

  // Those of `context`, which has a key, for a message with this nonce of kNonceSize. Null: no memory, or their place
  // is taken by a message that has not ended (those of TLS do, in one go).
  void* Begin(const Context& context, const unsigned char* nonce) {
    Place& place = places_[context.id % kTables];
    const bool is_there = place.id == context.id;
    if (!is_there && place.in_message) return nullptr;
    if (place.cipher != context.cipher) {
      Clear(&place);
      place.tables = context.cipher->make(default_provider);
      if (place.tables == nullptr) return nullptr;
      place.cipher = context.cipher;
    }
    place.id = context.id;
    if (context.Begin(place.tables, is_there ? nullptr : context.key, nonce, kNonceSize) != 1) {
      Clear(&place);
      return nullptr;
    }
    place.in_message = true;
    return place.tables;
  }
  // What Begin gave last for this key; null: another has got it.
  void* Find(const Context& context) {
    const Place& place = places_[context.id % kTables];
    return context.id != 0 && place.id == context.id ? place.tables : nullptr;
  }
  void EndMessage(const Context& context) {
    if (Place& place = places_[context.id % kTables]; place.id == context.id) place.in_message = false;
  }
  void Forget(const Context& context) {
    if (Place& place = places_[context.id % kTables]; place.id == context.id) Clear(&place);
  }
  void Clear() {
    for (Place& place : places_) Clear(&place);
  }

 private:
  struct Place {
    uint64_t id = 0;
    const Cipher* cipher = nullptr;  // with tables
    void* tables = nullptr;
    bool in_message = false;
  };

  static void Clear(Place* place) {
    if (place->tables != nullptr) place->cipher->free(place->tables);
    *place = Place();
  }

  std::array<Place, kTables> places_{};
};
constinit thread_local Tables tables_of_thread;

// From now on it shares nothing.
bool Separate(Context* context) {
  if (context->own != nullptr) return true;
  tables_of_thread.Forget(*context);
  context->own = context->cipher->make(default_provider);
  if (context->own == nullptr) return false;
  return context->id == 0 || context->Begin(context->own, context->key, nullptr, 0) == 1;
}

// Where its current message is worked on.
void* TablesOf(Context* context) {
  if (context->own != nullptr) return context->own;
  if (void* const tables = tables_of_thread.Find(*context); tables != nullptr) return tables;
  return Separate(context) ? context->own : nullptr;
}

bool IsTag(const OSSL_PARAM& parameter) { return std::string_view(parameter.key) == OSSL_CIPHER_PARAM_AEAD_TAG; }

// What any tables have anyway.
bool IsDefault(const OSSL_PARAM& parameter) {
  size_t size = 0;
  return std::string_view(parameter.key) == OSSL_CIPHER_PARAM_IVLEN && OSSL_PARAM_get_size_t(&parameter, &size) == 1 &&
         size == kNonceSize;
}

// The provider's functions, as OpenSSL calls them.

template <const Cipher& kCipher>
void* Make(void*) {
  void* const room = OPENSSL_malloc(sizeof(Context));
  return room != nullptr ? new (room) Context{.cipher = &kCipher, .own = nullptr, .id = 0, .key = {}, .encrypts = false}
                         : nullptr;
}

void Free(void* self) {
  auto* const context = static_cast<Context*>(self);
  if (context->id != 0) tables_of_thread.Forget(*context);
  if (context->own != nullptr) context->cipher->free(context->own);
  OPENSSL_clear_free(context, sizeof(Context));
}

int SetParameters(void* self, const OSSL_PARAM parameters[]) {
  auto* const context = static_cast<Context*>(self);
  bool has_tag = false;
  for (const OSSL_PARAM* one = parameters; one != nullptr && one->key != nullptr; ++one) {
    has_tag |= IsTag(*one);
    if (!IsTag(*one) && !IsDefault(*one) && !Separate(context)) return 0;
  }
  if (!has_tag && context->own == nullptr) return 1;
  void* const tables = TablesOf(context);
  return tables != nullptr ? context->cipher->set_context_parameters(tables, parameters) : 0;
}

int Begin(Context* context, bool encrypts, const unsigned char* key, size_t key_size, const unsigned char* nonce,
          size_t nonce_size, const OSSL_PARAM parameters[]) {
  context->encrypts = encrypts;
  if (key != nullptr) {
    static std::atomic<uint64_t> last_id{0};
    if (key_size != context->cipher->key_size) return 0;
    if (context->id != 0) tables_of_thread.Forget(*context);
    context->id = last_id.fetch_add(1, std::memory_order_relaxed) + 1;
    std::memcpy(context->key, key, key_size);
  }
  if (context->own == nullptr && nonce != nullptr) {
    const bool may_share = context->id != 0 && nonce_size == kNonceSize;
    if ((!may_share || tables_of_thread.Begin(*context, nonce) == nullptr) && !Separate(context)) return 0;
  }
  if (context->own != nullptr && context->Begin(context->own, key, nonce, nonce_size) != 1) return 0;
  return SetParameters(context, parameters);
}

int BeginEncryption(void* self, const unsigned char* key, size_t key_size, const unsigned char* nonce,
                    size_t nonce_size, const OSSL_PARAM parameters[]) {
  return Begin(static_cast<Context*>(self), /*encrypts=*/true, key, key_size, nonce, nonce_size, parameters);
}

int BeginDecryption(void* self, const unsigned char* key, size_t key_size, const unsigned char* nonce,
                    size_t nonce_size, const OSSL_PARAM parameters[]) {
  return Begin(static_cast<Context*>(self), /*encrypts=*/false, key, key_size, nonce, nonce_size, parameters);
}

int Update(void* self, unsigned char* out, size_t* size, size_t room, const unsigned char* in, size_t in_size) {
  auto* const context = static_cast<Context*>(self);
  void* const tables = TablesOf(context);
  return tables != nullptr ? context->cipher->update(tables, out, size, room, in, in_size) : 0;
}

int End(void* self, unsigned char* out, size_t* size, size_t room) {
  auto* const context = static_cast<Context*>(self);
  void* const tables = TablesOf(context);
  if (tables == nullptr) return 0;
  // Encrypted, its tag is still to be asked for: at once.
  if (context->own == nullptr) tables_of_thread.EndMessage(*context);
  return context->cipher->end(tables, out, size, room);
}

int Run(void* self, unsigned char* out, size_t* size, size_t room, const unsigned char* in, size_t in_size) {
  auto* const context = static_cast<Context*>(self);
  void* const tables = TablesOf(context);
  return tables != nullptr ? context->cipher->run(tables, out, size, room, in, in_size) : 0;
}

// Of what the tables would say, whosever they are.
bool AnswerConstant(const Context& context, OSSL_PARAM* parameter) {
  const std::string_view name = parameter->key;
  if (name == OSSL_CIPHER_PARAM_KEYLEN) return OSSL_PARAM_set_size_t(parameter, context.cipher->key_size) == 1;
  return name == OSSL_CIPHER_PARAM_IVLEN && OSSL_PARAM_set_size_t(parameter, kNonceSize) == 1;
}

int GetParameters(void* self, OSSL_PARAM parameters[]) {
  auto* const context = static_cast<Context*>(self);
  bool is_constant = context->own == nullptr;
  for (OSSL_PARAM* one = parameters; is_constant && one->key != nullptr; ++one) {
    is_constant = AnswerConstant(*context, one);
  }
  if (is_constant) return 1;
  void* const tables = TablesOf(context);
  return tables != nullptr ? context->cipher->get_context_parameters(tables, parameters) : 0;
}

template <typename Function>
OSSL_DISPATCH Entry(int id, Function* function) {
  return {id, reinterpret_cast<void (*)()>(function)};
}

template <typename Function>
int Take(const OSSL_DISPATCH& entry, int id, Function** function) {
  if (entry.function_id != id) return 0;
  *function = reinterpret_cast<Function*>(entry.function);
  return 1;
}

// Finds the default provider's functions of this cipher. False: it has other ones than this file knows.
bool Find(const OSSL_ALGORITHM* algorithms, std::string_view name, size_t key_size, Cipher* cipher) {
  const auto has_name = [name](std::string_view names) { return names.substr(0, names.find(':')) == name; };
  while (algorithms->algorithm_names != nullptr && !has_name(algorithms->algorithm_names)) ++algorithms;
  if (algorithms->algorithm_names == nullptr) return false;
  cipher->key_size = key_size;
  int found = 0;
  for (const OSSL_DISPATCH* entry = algorithms->implementation; entry->function_id != 0; ++entry) {
    found += Take(*entry, OSSL_FUNC_CIPHER_NEWCTX, &cipher->make) +
             Take(*entry, OSSL_FUNC_CIPHER_FREECTX, &cipher->free) +
             Take(*entry, OSSL_FUNC_CIPHER_ENCRYPT_INIT, &cipher->begin_encryption) +
             Take(*entry, OSSL_FUNC_CIPHER_DECRYPT_INIT, &cipher->begin_decryption) +
             Take(*entry, OSSL_FUNC_CIPHER_UPDATE, &cipher->update) +
             Take(*entry, OSSL_FUNC_CIPHER_FINAL, &cipher->end) + Take(*entry, OSSL_FUNC_CIPHER_CIPHER, &cipher->run) +
             Take(*entry, OSSL_FUNC_CIPHER_GET_PARAMS, &cipher->get_parameters) +
             Take(*entry, OSSL_FUNC_CIPHER_GET_CTX_PARAMS, &cipher->get_context_parameters) +
             Take(*entry, OSSL_FUNC_CIPHER_SET_CTX_PARAMS, &cipher->set_context_parameters) +
             Take(*entry, OSSL_FUNC_CIPHER_GETTABLE_PARAMS, &cipher->gettable_parameters) +
             Take(*entry, OSSL_FUNC_CIPHER_GETTABLE_CTX_PARAMS, &cipher->gettable_context_parameters) +
             Take(*entry, OSSL_FUNC_CIPHER_SETTABLE_CTX_PARAMS, &cipher->settable_context_parameters);
  }
  return found == 13;
}

// Once the cipher was found.
template <const Cipher& kCipher>
const OSSL_DISPATCH* Functions() {
  static const OSSL_DISPATCH functions[] = {
      Entry(OSSL_FUNC_CIPHER_NEWCTX, &Make<kCipher>),
      Entry(OSSL_FUNC_CIPHER_FREECTX, &Free),
      Entry(OSSL_FUNC_CIPHER_ENCRYPT_INIT, &BeginEncryption),
      Entry(OSSL_FUNC_CIPHER_DECRYPT_INIT, &BeginDecryption),
      Entry(OSSL_FUNC_CIPHER_UPDATE, &Update),
      Entry(OSSL_FUNC_CIPHER_FINAL, &End),
      Entry(OSSL_FUNC_CIPHER_CIPHER, &Run),
      Entry(OSSL_FUNC_CIPHER_GET_PARAMS, kCipher.get_parameters),
      Entry(OSSL_FUNC_CIPHER_GET_CTX_PARAMS, &GetParameters),
      Entry(OSSL_FUNC_CIPHER_SET_CTX_PARAMS, &SetParameters),
      Entry(OSSL_FUNC_CIPHER_GETTABLE_PARAMS, kCipher.gettable_parameters),
      Entry(OSSL_FUNC_CIPHER_GETTABLE_CTX_PARAMS, kCipher.gettable_context_parameters),
      Entry(OSSL_FUNC_CIPHER_SETTABLE_CTX_PARAMS, kCipher.settable_context_parameters),
      OSSL_DISPATCH{0, nullptr},
  };
  return functions;
}

const OSSL_ALGORITHM* Query(void*, int operation, int* no_cache) {
  static const OSSL_ALGORITHM algorithms[] = {
      {"AES-128-GCM:id-aes128-GCM:2.16.840.1.101.3.4.1.6", "provider=fairlead", Functions<aes128>(), ""},
      {"AES-256-GCM:id-aes256-GCM:2.16.840.1.101.3.4.1.46", "provider=fairlead", Functions<aes256>(), ""},
      {nullptr, nullptr, nullptr, nullptr},
  };
  *no_cache = 0;
  return operation == OSSL_OP_CIPHER ? algorithms : nullptr;
}

int InitProvider(const OSSL_CORE_HANDLE*, const OSSL_DISPATCH*, const OSSL_DISPATCH** functions, void** context) {
  static const OSSL_DISPATCH own[] = {Entry(OSSL_FUNC_PROVIDER_QUERY_OPERATION, &Query), OSSL_DISPATCH{0, nullptr}};
  *functions = own;
  *context = &default_provider;  // something that is not null: there is no state of its own
  return 1;
}

// Loaded for as long as OpenSSL is.
constinit OSSL_PROVIDER* default_loaded = nullptr;
constinit OSSL_PROVIDER* own_loaded = nullptr;

bool LoadProviders() {
  OPENSSL_atexit([] {
    OSSL_PROVIDER_unload(own_loaded);
    OSSL_PROVIDER_unload(default_loaded);
  });
  default_loaded = OSSL_PROVIDER_load(nullptr, "default");
  if (default_loaded == nullptr) return false;
  default_provider = OSSL_PROVIDER_get0_provider_ctx(default_loaded);
  int no_cache = 0;
  const OSSL_ALGORITHM* const algorithms = OSSL_PROVIDER_query_operation(default_loaded, OSSL_OP_CIPHER, &no_cache);
  if (algorithms == nullptr || !Find(algorithms, "AES-128-GCM", 16, &aes128) ||
      !Find(algorithms, "AES-256-GCM", 32, &aes256) ||
      OSSL_PROVIDER_add_builtin(nullptr, "fairlead", &InitProvider) != 1) {
    return false;
  }
  own_loaded = OSSL_PROVIDER_load(nullptr, "fairlead");
  return own_loaded != nullptr;
}

}  // namespace

SSL_CTX* NewContext(const SSL_METHOD* method) {
  // Where the default provider is not what this file knows, it does without.
  static const bool shares = LoadProviders();
  return SSL_CTX_new_ex(nullptr, shares ? "?provider=fairlead" : nullptr, method);
}

void ForgetTables() { tables_of_thread.Clear(); }

}  // namespace fairlead::tls
