#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "absl/status/status.h"
#include "dataplane/base/intrusive_list.h"
#include "dataplane/buffer/queue.h"
#include "dataplane/event/loop.h"
#include "dataplane/event/socket.h"
#include "dataplane/event/timer_wheel.h"
#include "dataplane/event/turn_work.h"
#include "dataplane/http/h2/client_codec.h"
#include "dataplane/http/h2/ping_times.h"
#include "dataplane/upstream/channel.h"
#include "dataplane/upstream/environment.h"
#include "dataplane/upstream/shared_stream.h"

namespace fairlead::upstream {

class Server;

// One connection to a server whose streams many exchanges share (HTTP/2). Those that come while it still connects wait
// for it together. Without streams it is idle, and waits in its server's pool. Made by upstream::Server, destroys
// itself when it is closed and its last stream is gone; on its worker's thread alone.
//
// Until the server's SETTINGS have come it carries no more streams than the server allowed before, or one, if it never
// said: what a server refuses because it allows fewer is lost time, and lost requests where bodies are large.
//
// How it speaks was settled when it was made: with other settings there are other connections, and this one drains. But
// where ALPN chooses what is spoken (config::BackendProtocol::kAuto), it is settled when it stands, and need not be
// HTTP/2: then whoever came first goes on with the socket, on a Connection, and the others are told to go elsewhere
// (kOtherProtocol). With a server that spoke HTTP/1.1 last, nobody waits for a connection of another's.
class SharedConnection final : public event::TurnWorker,
                               public base::ListNode,
                               private event::SocketHandler,
                               private http::h2::ClientCodecHost {
 public:
  // Is to connect, in time, for the users that are added; those of whom it is to say something, before Connect.
  SharedConnection(Environment* environment, Server* server);
  // Begins to connect. Errors: no descriptors left; then the connection is as it was.
  absl::Status Connect();

  // Whether one more exchange may use it.
  bool HasRoom() const;
  // A stream for `user`, who hears OnConnected if it can't begin yet.
  Channel* Add(ConnectionUser* user);
  // Idle: whether something came that was not looked at yet, be it its end.
  bool HasNews() const { return socket_->HasNews(); }

  // Connect has not been called yet.
  bool awaits_place() const { return state_ == State::kAwaitingPlace; }
  bool connecting() const { return state_ <= State::kConnecting; }
  bool idle() const { return idle_; }

  // No exchange joins it any more; it closes with the last.
  void Drain();
  // Closes; its users hear OnServerError(error), but for those whose response has come whole: it goes on to clients
  // that take it slowly, unless the server is abandoned.
  void Fail(http::ServerError error, std::string_view detail) { Close(error, detail); }
  void Close() { Close(http::ServerError::kClosedBeforeResponse, "the connection was closed"); }

  // event::TurnWorker:
  void RunTurnWork() override;

 private:
  friend class SharedStream;
  enum class State : uint8_t {
    kAwaitingPlace,
    kConnecting,
    kOpen,
    kEnding,  // sends its last bytes
    kClosed,
  };
  // How long it may take to send the last bytes.
  static constexpr uint64_t kEndingMs = 1'000;

  ~SharedConnection() = default;

  // event::SocketHandler:
  void OnConnected(int error) override;
  void OnReceived(buffer::Slice bytes) override;
  void OnReceiveEnd(int error) override;
  void OnSent(size_t sent, int error) override;

  // http::h2::ClientCodecHost:
  buffer::Queue& output() override { return output_; }
  buffer::BlockPool& blocks() override { return environment_->loop->blocks(); }
  void Touch() override { environment_->turn_work->Add(this); }
  uint64_t now_ms() override { return environment_->loop->now_ms(); }

  // Of its streams. One that is gone is destroyed in turn work.
  void OnGone(SharedStream* stream);
  void BeginWith(std::string_view bytes) { output_.Append(bytes, blocks()); }
  void Linger(event::Timer* timer);
  void GiveUp(http::h2::ClientStream* stream);

  // Those that wait, and those of which no whole response has come, hear `error`.
  void Close(http::ServerError error, std::string_view detail);
  // Streams that may begin now, those that have included.
  uint32_t AllowedStreams() const;
  // Begins what may be. Once the server has said how many that is, the others are to go elsewhere.
  void BeginWaiting();
  void OnSettings();
  // The server has not chosen HTTP/2.
  void GoOnWithHttp1();
  void OnTimeout();
  void OnPingTimer();
  void SchedulePing();
  void Flush();
  // Nobody uses it: keeps it for others, if that makes sense.
  void KeepOrEnd();
  void BeginEnding();

  Environment* const environment_;
  Server* const server_;                        // outlives all connections that are not closed
  event::Socket* socket_ = nullptr;             // from Connect to Close
  std::optional<http::h2::ClientCodec> codec_;  // from OnConnected on
  buffer::Queue output_;
  base::IntrusiveList<SharedStream> waiting_;  // for the connection to stand, or the server's SETTINGS
  base::IntrusiveList<SharedStream> gone_;
  event::Timer
      timer_;  // connecting, or waiting to: the time for it; idle: how long to keep it; ending: the time for it
  event::Timer ping_timer_;
  const http::h2::ClientSettings settings_;
  const http::h2::PingTimes::Settings ping_settings_;  // no interval: no PINGs
  http::h2::PingTimes pings_;
  uint64_t last_frame_ms_ = 0;
  const bool exclusive_;  // for one exchange alone
  const bool by_alpn_;    // what is spoken is settled when it stands
  State state_ = State::kAwaitingPlace;
  uint32_t streams_ = 0;      // that are not gone
  uint64_t refusals_ = 0;     // as of the last stream that went
  bool has_refused_ = false;  // the last stream that went was refused: there is no room until another ends
  bool settings_received_ = false;
  bool draining_ = false;
  bool idle_ = false;
  bool sending_ = false;
  bool send_failed_ = false;
};

}  // namespace fairlead::upstream
