#pragma once

#include <cstdint>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "dataplane/base/intrusive_list.h"
#include "dataplane/buffer/queue.h"
#include "dataplane/event/loop.h"
#include "dataplane/event/socket.h"
#include "dataplane/event/timer_wheel.h"
#include "dataplane/event/turn_work.h"
#include "dataplane/http/h1/client_codec.h"
#include "dataplane/upstream/channel.h"
#include "dataplane/upstream/environment.h"

namespace fairlead::upstream {

class Server;

// One connection to a server that serves one exchange at a time (HTTP/1), and waits in its server's pool between them.
// Made by upstream::Server, destroys itself when it is closed; on its worker's thread alone.
class Connection final : public Channel,
                         public event::TurnWorker,
                         public base::ListNode,
                         private event::SocketHandler,
                         private http::h1::ClientCodecHost {
 public:
  // Is to connect for `user`, who hears OnConnected or OnServerError, also where it comes to no Connect in time.
  Connection(Environment* environment, Server* server, ConnectionUser* user);
  // Begins to connect. Errors: no descriptors left; then the connection is as it was.
  absl::Status Connect();
  // In place of Connect: goes on with one that stands, made by Server::Dial. `has_begun`: what it begins with has gone.
  // Not `keep`: no other exchange is to follow.
  void TakeOver(event::Socket* socket, bool has_begun, bool keep);

  // Idle: whether something came that nobody asked for, be it its end.
  bool HasNews() const { return socket_->HasNews(); }
  // Takes an idle connection for `user`'s exchange.
  void Use(ConnectionUser* user);
  // Closes the connection, unless its exchange has ended or a tunnel's last bytes are to be sent.
  void Release() override;
  // Its exchange may end, but no other is to follow.
  void DoNotKeep() { keep_ = false; }
  void BeginWith(std::string_view bytes) override {
    keep_ = false;
    output_.Append(bytes, blocks());
  }
  event::Socket* TakeSocket() override { return std::exchange(socket_, nullptr); }
  // Closes; a user hears OnServerError(error).
  void Fail(http::ServerError error, std::string_view detail);

  // Connect has not been called yet.
  bool awaits_place() const { return state_ == State::kAwaitingPlace; }
  bool idle() const { return state_ == State::kIdle; }

  // event::TurnWorker:
  void RunTurnWork() override;

 private:
  friend class Server;
  enum class State : uint8_t {
    kAwaitingPlace,
    kConnecting,
    kBusy,
    kTaken,      // its socket is the user's
    kFinishing,  // sends the last bytes of a tunnel that has ended
    kIdle,
    kClosed,
  };

  ~Connection() = default;

  // event::SocketHandler:
  void OnConnected(int error) override;
  void OnReceived(buffer::Slice bytes) override;
  void OnReceiveEnd(int error) override;
  void OnSent(size_t sent, int error) override;

  // http::h1::ClientCodecHost:
  buffer::Queue& output() override { return output_; }
  buffer::BlockPool& blocks() override { return environment_->loop->blocks(); }
  void Touch() override { environment_->turn_work->Add(this); }
  void PauseReceive() override { socket_->PauseReceive(); }
  void ResumeReceive() override { socket_->ResumeReceive(); }
  void ShutdownAfterOutput() override;

  void Stand();
  void OnTimeout();
  void Flush();
  // A tunnel that did not end in order on both sides is reset: its end would be taken for one.
  void Close();

  Environment* const environment_;
  Server* const server_;             // outlives all connections that are not closed
  event::Socket* socket_ = nullptr;  // from Connect to Close
  ConnectionUser* user_;
  http::h1::ClientCodec codec_;
  buffer::Queue output_;
  event::Timer timer_;  // connecting, or waiting to: the time for it; idle: how long to keep it
  State state_ = State::kAwaitingPlace;
  bool keep_ = true;  // false: not to be used again, whatever its exchange leaves behind
  bool sending_ = false;
  bool asked_ = false;  // a part of the exchange's request is with the kernel
  bool send_failed_ = false;
  bool shutdown_due_ = false;  // with the end of output_
};

}  // namespace fairlead::upstream
