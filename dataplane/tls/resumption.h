#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "dataplane/tls/replay_guard.h"
#include "dataplane/tls/session_cache.h"
#include "dataplane/tls/ticket_keys.h"

struct ssl_ctx_st;
struct ssl_session_st;
struct ssl_st;

namespace fairlead::tls {

// Why a session that a client wanted to resume was not, as metrics tell it apart. The client shakes hands in full.
enum class ResumptionRefusal : uint8_t {
  kUnknown,      // of a key that is not there, damaged, or not among those that are kept
  kExpired,      // itself, or the full handshake that it goes back to is too long ago
  kOtherTerms,   // made at another listener, or where clients were checked otherwise
  kOtherName,    // made for another server name
  kCertificate,  // the client's certificate, or a list of those that were revoked, has run out since
};
inline constexpr int kResumptionRefusals = 5;

// What became of a client's early data (RFC 8446 §2.3), as metrics tell it apart. What is not taken is skipped, and the
// client sends it again after the handshake.
enum class EarlyDataOutcome : uint8_t {
  kTaken,
  kReplayed,  // the same ClientHello came before
  kNoRoom,    // there were too many to tell, or this process is too young to
  kRefused,   // anything else: its ticket is not of these seconds, its session not resumed, another protocol chosen
  kNotSent,
};
inline constexpr int kEarlyDataOutcomes = 4;  // of what was sent

// What a server's sessions are resumed by, and the rule that decides it:
//
//  - A session goes with the terms that it was made under: the listener, whether and by what trust clients are checked
//    (a digest of these is OpenSSL's session id context). None is of use anywhere else, nor after the trust, with its
//    lists of the revoked, has changed.
//  - It goes with the name that the client asked for (RFC 6066 §3).
//  - Tickets are renewed with each resumption (TLS 1.3), or when their key makes none any more (TLS 1.2), but end a day
//    after the full handshake (RFC 8446 §4.6.1), and when anything in the client's chain of certificates does.
//
// What that takes is kept with the session, sealed like all of it: a note. Part of a ServerContext, immutable but for
// what it points to; for all threads.
class Resumption {
 public:
  struct Settings {
    std::string terms;  // that sessions are made under
    int64_t crls_end_s = INT64_MAX;
    std::shared_ptr<const TicketKeys> keys;
    std::shared_ptr<SessionCache> cache;  // null: none
    std::shared_ptr<ReplayGuard> guard;   // of early data; null: none is taken
  };

  explicit Resumption(Settings settings) : settings_(std::move(settings)) {}
  Resumption(const Resumption&) = delete;
  Resumption& operator=(const Resumption&) = delete;

  // Has the context, which it outlives, resume by this.
  void Install(ssl_ctx_st* context);

  const std::shared_ptr<const TicketKeys>& keys() const { return settings_.keys; }
  const std::shared_ptr<SessionCache>& cache() const { return settings_.cache; }

  const std::shared_ptr<ReplayGuard>& guard() const { return settings_.guard; }

  // Of a connection that has resumed a session: the name that the client has asked for, and whether it was found by its
  // id.
  static std::string_view ServerName(const ssl_st* connection);
  static bool WasCached(const ssl_st* connection);
  // Of one that has not, though its client wanted to.
  static std::optional<ResumptionRefusal> RefusalOf(const ssl_st* connection);
  static EarlyDataOutcome EarlyDataOf(const ssl_st* connection);

 private:
  friend struct ResumptionCallbacks;

  // Whether it may be resumed; nothing: yes.
  std::optional<ResumptionRefusal> Check(ssl_st* connection, ssl_session_st* session) const;
  // Leaves a note with the session of a full handshake.
  static bool Note(ssl_st* connection, ssl_session_st* session, bool cached);

  const Settings settings_;
};

}  // namespace fairlead::tls
