#pragma once

#include <string>
#include <string_view>

#include "dataplane/base/intrusive_list.h"
#include "dataplane/event/timer_wheel.h"
#include "dataplane/http/h2/client_codec.h"
#include "dataplane/http/h2/client_stream.h"
#include "dataplane/upstream/channel.h"

namespace fairlead::upstream {

class SharedConnection;

// One exchange's part of a SharedConnection, which owns it; on its worker's thread alone.
class SharedStream final : public Channel, public base::ListNode, private http::h2::ClientStreamOwner {
 public:
  SharedStream(SharedConnection* connection, ConnectionUser* user);

  ConnectionUser* user() { return user_; }
  // The connection stands.
  void Begin(http::h2::ClientCodec* codec);
  // What the connection begins with (ConnectionUser::MakePreamble) goes in front of TLS.
  std::string TakePreamble();
  // It does not come to that: its user goes on with another channel,
  ConnectionUser* Leave();
  // or hears why.
  void Fail(http::ServerError error, std::string_view detail);

  // Channel:
  void Release() override;
  void BeginWith(std::string_view bytes) override;
  event::Socket* TakeSocket() override { return nullptr; }

 private:
  // http::h2::ClientStreamOwner:
  void OnStreamGone() override;

  void OnTimeout();

  SharedConnection* const connection_;
  ConnectionUser* user_;
  http::h2::ClientStream h2_stream_;
  event::Timer timer_;  // a tunnel's last bytes are being sent: the time for them
};

}  // namespace fairlead::upstream
