#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "dataplane/config/route_table.h"
#include "dataplane/http/head_edits.h"
#include "dataplane/http/message.h"
#include "dataplane/http/path_normalizer.h"
#include "dataplane/load_balancing/random.h"
#include "dataplane/net/address.h"
#include "dataplane/proxy/client.h"
#include "dataplane/proxy/forwarder.h"
#include "dataplane/proxy/grpc.h"

namespace fairlead::proxy {

// What the proxy changes about the heads of one request and its response, in the order in which that happens: the path
// is normalized before routes are matched, the target rewritten by the rule that matched, and each head edited before
// it is sent: first by what the listener tells of the client, then by the rule, which has the last word.
//
// Part of an exchange, used for one request after another; keeps the room of its texts. `request` is the same in all
// calls, `random` makes an id for it where it needs one. The edits that are returned, and the texts that they refer to,
// are valid until the next call.
class HeadEditor {
 public:
  // Another request, of `client`, which outlives it.
  void Start(const Client* client) { forwarder_.Start(client); }

  // From now on the request has the normalized target. Null, or in static text why it is refused.
  const char* NormalizePath(const http::PathNormalization& rules, http::RequestHead* request);
  // Makes the target that servers are asked for, where the rule says so. False: longer than any server takes.
  bool Rewrite(const config::Rewrite& rewrite, const http::RequestHead& request);

  // For a server. `default_host`: what Host says where the client, of HTTP/1.0, named none. `grpc_timeout`:
  // in place of the request's; empty: as it came.
  const http::HeadEdits& EditRequest(const http::RequestHead& request, const config::RouteRule& rule,
                                     std::string_view default_host, std::string_view grpc_timeout,
                                     load_balancing::Random& random);
  // A server's final response to what EditRequest has edited.
  const http::HeadEdits& EditResponse(const http::RequestHead& request, const config::RouteRule& rule,
                                      const http::ResponseHead& response, load_balancing::Random& random);
  // Why a final response to an extended CONNECT is none that the client could understand; null: it is one. To be asked
  // before EditResponse.
  const char* WhyNoTunnel(const http::RequestHead& request, const http::ResponseHead& response) const;
  // The answer of a rule that redirects, or has a fixed answer. Null: it redirects, and the request names no host that
  // this could be for.
  const http::HeadEdits* EditAnswer(const http::RequestHead& request, const config::RouteRule& rule,
                                    load_balancing::Random& random);
  // The proxy's own answer to a call of gRPC, without a body: a status, and `detail` as its message.
  const http::HeadEdits& EditCallReply(const http::RequestHead& request, grpc::Status status, std::string_view detail,
                                       load_balancing::Random& random);
  // The proxy's own answer.
  const http::HeadEdits& EditReply(const http::RequestHead& request, uint16_t status, load_balancing::Random& random);

  // See Forwarder.
  const net::Address& ClientAddress(const http::RequestHead& request) { return forwarder_.ClientAddress(request); }
  std::string_view RequestId(const http::RequestHead& request, load_balancing::Random& random) {
    return forwarder_.RequestId(request, random);
  }

 private:
  Forwarder forwarder_;
  std::string normalized_target_;  // of the request, where the listener changes it
  std::string own_text_;           // a Location, or the target that servers are asked for, where the rule says so
  std::string websocket_text_;     // the key that the proxy has made, or its confirmation of the client's
  http::HeadEdits request_edits_;
  http::HeadEdits response_edits_;
};

}  // namespace fairlead::proxy
