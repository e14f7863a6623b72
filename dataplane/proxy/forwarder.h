#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "dataplane/config/forwarding.h"
#include "dataplane/http/head_edits.h"
#include "dataplane/http/message.h"
#include "dataplane/load_balancing/random.h"
#include "dataplane/net/address.h"
#include "dataplane/proxy/client.h"

namespace fairlead::proxy {

// Where a request came from, and what servers are told about it, by its listener's config::Forwarding and ServerTls.
// Part of an exchange, used for one request after another; costs a look where the listener says nothing. Keeps the room
// of its texts.
class Forwarder {
 public:
  // Another request, of `client`, which outlives it.
  void Start(const Client* client) {
    client_ = client;
    origin_.reset();
    has_own_id_ = false;
  }

  // Whether the request came as early data, and goes to a server before that is known to be no recording.
  bool is_early() const { return client_->early_data() != nullptr; }
  // By which the client came.
  std::string_view scheme() const { return client_->scheme(); }
  // The client's own address: the peer's, or what proxies that the listener trusts say. Found out once for each
  // request.
  const net::Address& ClientAddress(const http::RequestHead& request);
  // Of the request, made or received; empty where the listener wants none. Valid while the request's head is.
  std::string_view RequestId(const http::RequestHead& request, load_balancing::Random& random);

  // Appends what changes in a request, or a response, on its way. Values are valid until the next call.
  void EditRequest(const http::RequestHead& request, load_balancing::Random& random, http::FieldEdits* edits);
  // `response` is null where the proxy answers by itself.
  void EditResponse(const http::RequestHead& request, const http::ResponseHead* response,
                    load_balancing::Random& random, http::FieldEdits* edits);

 private:
  const config::Forwarding* settings() const { return client_->listener->http.forwarding.get(); }
  bool TrustsPeer() const { return settings()->trusted_proxies.Contains(client_->address); }
  // Appends what a trusted peer's fields of this name list, ready for another member, to text_; returns where it
  // begins.
  size_t BeginList(const http::RequestHead& request, std::string_view name);
  // Who the client is by its certificate, where the listener asks for one.
  void EditCertificateFields(const http::RequestHead& request, http::FieldEdits* edits);
  // Appends an element of Forwarded, for this hop.
  void AppendElement(const http::RequestHead& request);

  const Client* client_ = nullptr;
  std::optional<net::Address> origin_;
  bool has_own_id_ = false;
  std::array<char, 36> own_id_;  // "8f14e45f-ceea-467f-a0b2-1d2a3b4c5d6e"
  std::string text_;
  std::string names_text_;  // of a certificate
};

}  // namespace fairlead::proxy
