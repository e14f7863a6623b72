#include "dataplane/tls/resumption.h"

#include <openssl/core_names.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <ctime>
#include <utility>

#include "absl/strings/ascii.h"
#include "dataplane/base/absl_strings.h"
#include "dataplane/base/unix_time.h"
#include "dataplane/tls/handshake_progress.h"
#include "dataplane/tls/openssl.h"

namespace fairlead::tls {
namespace {

// A session, or a ticket of it, is of use for so long, and
constexpr long kSessionSeconds = OwnTicketKeys::kPeriodMs / 1'000;
// what goes back to one full handshake, for so long.
constexpr int64_t kHandshakeSeconds = 24 * 3'600;

// What is kept with a session. OpenSSL has a place for it, which it calls application data of the ticket.
struct SessionNote {
  bool cached;
  int64_t shaken_s;    // when hands were shaken in full
  int64_t good_until;  // the client's certificate is, with its chain; INT64_MAX: there is none
};

constexpr size_t kNoteBytes = 1 + 2 * sizeof(int64_t);  // the name follows

struct FoundNote {
  SessionNote note;
  std::string_view name;
};

std::optional<FoundNote> FindNote(SSL_SESSION* session) {
  void* data = nullptr;
  size_t size = 0;
  SSL_SESSION_get0_ticket_appdata(session, &data, &size);
  if (data == nullptr || size < kNoteBytes) return std::nullopt;
  const char* const bytes = static_cast<const char*>(data);
  FoundNote found{.note = {.cached = bytes[0] != 0, .shaken_s = 0, .good_until = 0},
                  .name = {bytes + kNoteBytes, size - kNoteBytes}};
  std::memcpy(&found.note.shaken_s, bytes + 1, sizeof(int64_t));
  std::memcpy(&found.note.good_until, bytes + 1 + sizeof(int64_t), sizeof(int64_t));
  return found;
}

int64_t SecondsOf(const ASN1_TIME* time) {
  std::tm parts{};
  return ASN1_TIME_to_tm(time, &parts) == 1 ? timegm(&parts) : 0;
}

// Until when the certificate that the client has shown is good, with all that vouches for it.
int64_t GoodUntil(const SSL* connection) {
  int64_t until = INT64_MAX;
  const STACK_OF(X509)* const chain = SSL_get0_verified_chain(connection);
  for (int i = 0; i < sk_X509_num(chain); ++i) {
    until = std::min(until, SecondsOf(X509_get0_notAfter(sk_X509_value(chain, i))));
  }
  return until;
}

// The name that the ClientHello asks for (RFC 6066 §3), which is being looked at; empty: none. What is malformed fails
// the handshake elsewhere.
std::string_view AskedName(SSL* connection) {
  constexpr size_t kBeforeName = 5;  // the list's size, the name's type and size
  const unsigned char* bytes = nullptr;
  size_t size = 0;
  if (SSL_client_hello_get0_ext(connection, TLSEXT_TYPE_server_name, &bytes, &size) != 1) return {};
  if (size < kBeforeName) return {};
  return std::string_view(reinterpret_cast<const char*>(bytes), size).substr(kBeforeName);
}

bool SameName(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, absl::ascii_tolower, absl::ascii_tolower);
}

const EVP_CIPHER* TicketCipher() {
  static const EVP_CIPHER* const cipher = EVP_CIPHER_fetch(nullptr, "AES-256-CBC", nullptr);
  return cipher;
}

const unsigned char* Unsigned(std::string_view bytes) { return reinterpret_cast<const unsigned char*>(bytes.data()); }

bool SetMacKey(EVP_MAC_CTX* mac, const TicketKey& key) {
  char digest[] = "SHA256";
  std::array<char, TicketKey::kSecretBytes> secret;  // the library asks for one that it could change
  std::ranges::copy(key.mac_secret(), secret.begin());
  const OSSL_PARAM parameters[] = {OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, secret.data(), secret.size()),
                                   OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                                   OSSL_PARAM_construct_end()};
  const bool set = EVP_MAC_CTX_set_params(mac, parameters) == 1;
  OPENSSL_cleanse(secret.data(), secret.size());
  return set;
}

// A connection whose client's wish was refused carries the reason: the first of ResumptionRefusal, plus one, or of
// EarlyDataOutcome after kEarlyMark.
constexpr uintptr_t kEarlyMark = 0x100;

uintptr_t MarkOf(const SSL* connection) { return reinterpret_cast<uintptr_t>(SSL_get_app_data(connection)); }

void MarkRefused(SSL* connection, ResumptionRefusal refusal) {
  if (MarkOf(connection) != 0) return;
  SSL_set_app_data(connection, reinterpret_cast<void*>(static_cast<uintptr_t>(refusal) + 1));
}

}  // namespace

// OpenSSL's calls, on the thread that shakes hands.
struct ResumptionCallbacks {
  static const Resumption& Of(const SSL* connection) {
    return *static_cast<const Resumption*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(connection)));
  }

  // RFC 5077 §4's construction: what OpenSSL does by itself, with keys of ours.
  static int UseKey(SSL* connection, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac,
                    int seal) {
    const TicketKeys& keys = *Of(connection).keys();
    TicketKey key;
    if (seal == 1) {
      keys.Choose(base::UnixMillis(), &key);
      std::memcpy(name, key.name().data(), TicketKey::kNameBytes);
      const bool done = RAND_bytes(iv, EVP_CIPHER_get_iv_length(TicketCipher())) == 1 &&
                        EVP_EncryptInit_ex(cipher, TicketCipher(), nullptr, Unsigned(key.cipher_secret()), iv) == 1 &&
                        SetMacKey(mac, key);
      return done ? 1 : -1;
    }
    const TicketKeys::Found found =
        keys.Find({reinterpret_cast<const char*>(name), TicketKey::kNameBytes}, base::UnixMillis(), &key);
    if (found == TicketKeys::Found::kNone) return 0;
    if (EVP_DecryptInit_ex(cipher, TicketCipher(), nullptr, Unsigned(key.cipher_secret()), iv) != 1) return -1;
    if (!SetMacKey(mac, key)) return -1;
    // 2: to be renewed. With TLS 1.3 each is used once (RFC 8446 §C.4).
    return found == TicketKeys::Found::kMakesTickets && SSL_version(connection) != TLS1_3_VERSION ? 1 : 2;
  }

  static int OnTicketMade(SSL* connection, void*) {
    SSL_SESSION* const session = SSL_get_session(connection);
    // A ticket that replaces another goes on with its note.
    return FindNote(session).has_value() || Resumption::Note(connection, session, /*cached=*/false) ? 1 : 0;
  }

  static SSL_TICKET_RETURN OnTicketRead(SSL* connection, SSL_SESSION* session, const unsigned char*, size_t,
                                        SSL_TICKET_STATUS status, void*) {
    if (status == SSL_TICKET_EMPTY) return SSL_TICKET_RETURN_IGNORE_RENEW;
    std::optional<ResumptionRefusal> refusal = ResumptionRefusal::kUnknown;
    if (status != SSL_TICKET_NO_DECRYPT) refusal = Of(connection).Check(connection, session);
    if (!refusal.has_value()) {
      return status == SSL_TICKET_SUCCESS_RENEW ? SSL_TICKET_RETURN_USE_RENEW : SSL_TICKET_RETURN_USE;
    }
    MarkRefused(connection, *refusal);
    return SSL_TICKET_RETURN_IGNORE_RENEW;
  }

  // The last to be asked: all else is for it.
  static int OnEarlyData(SSL* connection, void*) {
    char random[SSL3_RANDOM_SIZE];
    SSL_get_client_random(connection, reinterpret_cast<unsigned char*>(random), sizeof(random));
    const ReplayGuard::Verdict verdict = Of(connection).guard()->Admit({random, sizeof(random)}, std::time(nullptr));
    if (verdict == ReplayGuard::Verdict::kFresh) return 1;
    const auto outcome =
        verdict == ReplayGuard::Verdict::kReplayed ? EarlyDataOutcome::kReplayed : EarlyDataOutcome::kNoRoom;
    SSL_set_app_data(connection, reinterpret_cast<void*>(kEarlyMark + static_cast<uintptr_t>(outcome)));
    return 0;
  }

  static int OnNewSession(SSL* connection, SSL_SESSION* session) {
    // Those of TLS 1.3 are in their tickets.
    if (SSL_version(connection) != TLS1_2_VERSION) return 0;
    if (!Resumption::Note(connection, session, /*cached=*/true)) return 0;
    unsigned size = 0;
    const unsigned char* const id = SSL_SESSION_get_id(session, &size);
    std::string bytes(static_cast<size_t>(std::max(i2d_SSL_SESSION(session, nullptr), 0)), '\0');
    auto* to = reinterpret_cast<unsigned char*>(bytes.data());
    i2d_SSL_SESSION(session, &to);
    const int64_t made_s = SSL_SESSION_get_time(session);
    Of(connection)
        .cache()
        ->Put({reinterpret_cast<const char*>(id), size}, std::move(bytes), made_s + SSL_SESSION_get_timeout(session),
              made_s);
    return 0;  // it is not kept itself
  }

  static SSL_SESSION* OnSessionWanted(SSL* connection, const unsigned char* id, int size, int* copy) {
    *copy = 0;
    const Resumption& self = Of(connection);
    const std::optional<std::string> bytes =
        self.cache()->Find({reinterpret_cast<const char*>(id), static_cast<size_t>(size)});
    std::optional<ResumptionRefusal> refusal = ResumptionRefusal::kUnknown;
    if (bytes.has_value()) {
      const unsigned char* from = Unsigned(*bytes);
      SessionPtr session(d2i_SSL_SESSION(nullptr, &from, static_cast<long>(bytes->size())));
      if (session != nullptr) refusal = self.Check(connection, session.get());
      if (!refusal.has_value()) return session.release();
    }
    MarkRefused(connection, *refusal);
    return nullptr;
  }

  // A session whose connection a fatal alert has ended is not resumed (RFC 5246 §7.2.2).
  static void OnSessionEnded(SSL_CTX* context, SSL_SESSION* session) {
    unsigned size = 0;
    const unsigned char* const id = SSL_SESSION_get_id(session, &size);
    static_cast<const Resumption*>(SSL_CTX_get_app_data(context))
        ->cache()
        ->Remove({reinterpret_cast<const char*>(id), size});
  }
};

void Resumption::Install(SSL_CTX* context) {
  SSL_CTX_set_app_data(context, this);
  SSL_CTX_set_session_id_context(context, Unsigned(settings_.terms), static_cast<unsigned>(settings_.terms.size()));
  SSL_CTX_set_timeout(context, kSessionSeconds);
  SSL_CTX_set_tlsext_ticket_key_evp_cb(context, &ResumptionCallbacks::UseKey);
  SSL_CTX_set_session_ticket_cb(context, &ResumptionCallbacks::OnTicketMade, &ResumptionCallbacks::OnTicketRead,
                                nullptr);
  if (settings_.guard != nullptr) {
    SSL_CTX_set_max_early_data(context, kMaxEarlyDataBytes);
    SSL_CTX_set_allow_early_data_cb(context, &ResumptionCallbacks::OnEarlyData, nullptr);
    // OpenSSL's own would keep every session in its cache, of this process alone, under a lock.
    SSL_CTX_set_options(context, SSL_OP_NO_ANTI_REPLAY);
  }
  if (settings_.cache == nullptr) {
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    return;
  }
  SSL_CTX_set_session_cache_mode(context,
                                 SSL_SESS_CACHE_SERVER | SSL_SESS_CACHE_NO_INTERNAL | SSL_SESS_CACHE_NO_AUTO_CLEAR);
  SSL_CTX_sess_set_new_cb(context, &ResumptionCallbacks::OnNewSession);
  SSL_CTX_sess_set_get_cb(context, &ResumptionCallbacks::OnSessionWanted);
  SSL_CTX_sess_set_remove_cb(context, &ResumptionCallbacks::OnSessionEnded);
}

std::optional<ResumptionRefusal> Resumption::Check(SSL* connection, SSL_SESSION* session) const {
  unsigned size = 0;
  const unsigned char* const terms = SSL_SESSION_get0_id_context(session, &size);
  const std::optional<FoundNote> found = FindNote(session);
  if (settings_.terms != std::string_view(reinterpret_cast<const char*>(terms), size) || !found.has_value()) {
    return ResumptionRefusal::kOtherTerms;
  }
  const int64_t now_s = std::time(nullptr);
  if (SSL_SESSION_get_time(session) + SSL_SESSION_get_timeout(session) <= now_s ||
      found->note.shaken_s + kHandshakeSeconds <= now_s) {
    return ResumptionRefusal::kExpired;
  }
  if (!SameName(found->name, AskedName(connection))) return ResumptionRefusal::kOtherName;
  const bool has_certificate = found->note.good_until != INT64_MAX;
  if (has_certificate && std::min(found->note.good_until, settings_.crls_end_s) <= now_s) {
    return ResumptionRefusal::kCertificate;
  }
  return std::nullopt;
}

bool Resumption::Note(SSL* connection, SSL_SESSION* session, bool cached) {
  const char* const name = SSL_get_servername(connection, TLSEXT_NAMETYPE_host_name);
  const int64_t shaken_s = std::time(nullptr);
  const int64_t good_until = GoodUntil(connection);
  std::string bytes(1, cached ? '\1' : '\0');
  bytes.append(reinterpret_cast<const char*>(&shaken_s), sizeof(shaken_s));
  bytes.append(reinterpret_cast<const char*>(&good_until), sizeof(good_until));
  if (name != nullptr) bytes.append(name);
  return SSL_SESSION_set1_ticket_appdata(session, bytes.data(), bytes.size()) == 1;
}

std::string_view Resumption::ServerName(const SSL* connection) {
  const std::optional<FoundNote> found = FindNote(SSL_get_session(connection));
  return found.has_value() ? found->name : std::string_view();
}

bool Resumption::WasCached(const SSL* connection) {
  const std::optional<FoundNote> found = FindNote(SSL_get_session(connection));
  return found.has_value() && found->note.cached;
}

std::optional<ResumptionRefusal> Resumption::RefusalOf(const SSL* connection) {
  const uintptr_t mark = MarkOf(connection);
  if (mark == 0 || SSL_session_reused(connection) == 1) return std::nullopt;
  return static_cast<ResumptionRefusal>(mark - 1);
}

EarlyDataOutcome Resumption::EarlyDataOf(const SSL* connection) {
  switch (SSL_get_early_data_status(connection)) {
    case SSL_EARLY_DATA_ACCEPTED:
      return EarlyDataOutcome::kTaken;
    case SSL_EARLY_DATA_REJECTED: {
      const uintptr_t mark = MarkOf(connection);
      return mark >= kEarlyMark ? static_cast<EarlyDataOutcome>(mark - kEarlyMark) : EarlyDataOutcome::kRefused;
    }
    default:
      return EarlyDataOutcome::kNotSent;
  }
}

}  // namespace fairlead::tls
