#pragma once

#include <nghttp2/nghttp2.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dataplane/base/intrusive_list.h"
#include "dataplane/buffer/queue.h"
#include "dataplane/buffer/slice.h"
#include "dataplane/http/client_codec.h"
#include "dataplane/http/field_list.h"
#include "dataplane/http/h2/header_block.h"
#include "dataplane/http/h2/kept_fields.h"
#include "dataplane/http/message.h"

namespace fairlead::http::h2 {

class ClientCodec;

class ClientStreamOwner {
 public:
  // The stream has left its codec: it was abandoned, has failed (its handler hears of it next), or its last bytes were
  // sent. Not the place to destroy it.
  virtual void OnStreamGone() = 0;

 protected:
  ~ClientStreamOwner() = default;
};

// One exchange on a connection to a server. Not to be destroyed within a callback of its handler's, or one that the
// codec makes.
class ClientStream final : public http::ClientStream, private base::ListNode {
 public:
  ClientStream() = default;
  ~ClientStream();

  // Joins `codec`, which accepts streams, for `handler`. Nothing is sent before SendHead. Both outlive its stay.
  void Begin(ClientCodec* codec, ClientStreamHandler* handler, ClientStreamOwner* owner);
  // The handler wants to hear no more. What has not ended is reset, unless it is_finishing().
  void Abandon();
  // And resets even that.
  void GiveUp();
  // A tunnel that has ended in both directions, whose last bytes were not sent yet. Abandoned, it goes on until done().
  bool is_finishing() const { return tunnel_ && response_ended_ && request_ended_ && !done(); }
  // Has left its codec.
  bool done() const { return codec_ == nullptr; }

  // http::ClientStream:
  void SendHead(const RequestHead& head, const HeadEdits& edits) override;
  void SendData(buffer::Slice data) override;
  void SendEnd(const FieldList* trailers) override;
  void PauseBody() override { paused_ = true; }
  void ResumeBody() override;
  size_t unsent_bytes() const override;

 private:
  friend class ClientCodec;
  friend class base::IntrusiveList<ClientStream>;
  // A request that waits for the server's SETTINGS, which say whether it may be made.
  using DeferredRequest = std::vector<std::pair<std::string, std::string>>;
  // What is not in the codec's hands yet stops the request's source above, and lets it go on below.
  static constexpr size_t kLowWatermark = 16 * 1024;

  void SubmitDeferred();
  // A header block of the response has come, and is whole.
  void OnHead(bool end_stream);
  void OnTrailers(const FieldList& trailers);
  void OnData(buffer::Slice data);
  void OnEnd();
  // `fault`: of the server, if it was that.
  void OnClose(uint32_t code, std::string_view fault);
  void OnConnectionLost(ServerError error, std::string_view detail);
  // All of the response has come, and some of it was not told yet.
  bool outlives_connection() const { return handler_ != nullptr && end_received_ && !tunnel_; }
  // Delivers what was held back, and says what was drained.
  void Continue();
  // The response ends the stream's use for the handler.
  void End(const FieldList* trailers);
  void Fail(ServerError error, std::string_view detail);
  // It broke the protocol.
  void Reject(uint32_t code, std::string_view reason);
  void RejectLength();
  // Gives the codec the next `length` bytes of the body.
  void MoveBody(size_t length, buffer::Queue* output);
  void ResumeSending();
  // No more than the head is sent.
  bool ends_with_head() const { return !has_body_ && !is_connect_; }

  ClientCodec* codec_ = nullptr;
  ClientStreamHandler* handler_ = nullptr;  // null: abandoned, or ended
  ClientStreamOwner* owner_ = nullptr;
  int32_t id_ = 0;                     // 0: not begun
  std::optional<uint64_t> body_left_;  // what is to come of a response that has announced its length
  Method method_ = Method::kGet;
  uint8_t informational_ = 0;
  bool is_connect_ : 1 = false;  // extended CONNECT, too
  bool is_extended_connect_ : 1 = false;
  bool has_body_ : 1 = false;
  bool expects_continue_ : 1 = false;
  bool request_ended_ : 1 = false;  // in a tunnel: that direction
  bool request_sent_ : 1 = false;   // up to END_STREAM, to the codec's output
  bool starved_ : 1 = false;        // nghttp2 waits for more of the body
  bool drained_ : 1 = false;        // to be told
  bool paused_ : 1 = false;
  bool heard_ : 1 = false;  // something of a response has come
  bool head_received_ : 1 = false;
  bool tunnel_ : 1 = false;
  bool end_received_ : 1 = false;
  bool response_ended_ : 1 = false;  // and was told
  bool reset_by_server_ : 1 = false;
  buffer::Queue pending_;     // of the request's body
  buffer::Queue held_;        // of the response's
  uint64_t output_mark_ = 0;  // where in the codec's output the last bytes of the body end
  size_t output_size_ = 0;    // how many these were
  std::string head_text_;
  std::unique_ptr<KeptFields> request_trailers_;   // until they can be sent
  std::unique_ptr<KeptFields> response_trailers_;  // until they can be told
  std::unique_ptr<DeferredRequest> deferred_;
};

}  // namespace fairlead::http::h2
