#pragma once

#include <string>
#include <string_view>

#include "dataplane/event/socket.h"
#include "dataplane/http/client_codec.h"

namespace fairlead::upstream {

class Channel;

// Who a channel works for: hears of the connection before it hears of the response.
class ConnectionUser : public http::ClientStreamHandler {
 public:
  // The connection stands, and `channel`, in the place of the one that Server::Acquire gave, is the way to it: the same
  // one, unless it was settled only now what is spoken. Its stream() may be used.
  virtual void OnConnected(Channel* channel) = 0;
  // It speaks for itself on the connection's socket, and takes that with OnConnected (RawUser).
  virtual bool takes_socket() const { return false; }
  // Where the server chooses what is spoken (config::BackendProtocol::kAuto): a connection that is made for it must not
  // speak HTTP/2.
  virtual bool needs_http1() const { return false; }
  // What a connection that is made for it alone begins with: a PROXY header.
  virtual std::string MakePreamble() { return {}; }

 protected:
  ~ConnectionUser() = default;
};

// One exchange's way to a server, from Server::Acquire until Release or its user's OnServerError: a connection of its
// own (Connection), or a stream of one that others share (SharedStream). Ends itself then.
class Channel {
 public:
  // The user's wish to hear no more.
  virtual void Release() = 0;
  // For a new connection that stands and serves this exchange alone: what it begins with.
  virtual void BeginWith(std::string_view bytes) = 0;
  // For a user that takes it: the socket, which it closes before Release. The connection goes on standing for it.
  virtual event::Socket* TakeSocket() = 0;

  // Its connection does not stand yet: the user will hear of it.
  bool connecting() const { return connecting_; }
  // What it begins with (ConnectionUser::MakePreamble) went in front of TLS.
  bool has_begun() const { return has_begun_; }
  http::ClientStream& stream() { return *stream_; }

 protected:
  explicit Channel(http::ClientStream* stream) : stream_(stream) {}
  ~Channel() = default;

  http::ClientStream* const stream_;
  bool connecting_ = true;
  bool has_begun_ = false;
};

}  // namespace fairlead::upstream
