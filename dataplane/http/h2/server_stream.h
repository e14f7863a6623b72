#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "dataplane/base/intrusive_list.h"
#include "dataplane/buffer/queue.h"
#include "dataplane/buffer/slice.h"
#include "dataplane/http/field_list.h"
#include "dataplane/http/h2/header_block.h"
#include "dataplane/http/h2/rate_window.h"
#include "dataplane/http/message.h"
#include "dataplane/http/server_codec.h"

namespace fairlead::http::h2 {

class ServerCodec;

// Trailers that wait for what comes before them: a copy, with room that is kept.
class StoredTrailers {
 public:
  void Store(const FieldList& trailers);
  const FieldList& fields() const { return fields_; }
  void Clear();

 private:
  std::string text_;
  FieldList fields_;
};

// One request and its response on an HTTP/2 connection. Holds what of the response has not become frames yet, and what
// of the request's body its handler does not want yet: the client's window for it stays shut by as much.
//
// Its codec makes it with the first bytes of a request and clears it when nghttp2 has closed the stream; that may be
// before its handler knows (a reset by the client), or long after (a response that the client takes its time for).
class ServerStream final : public http::ServerStream, public base::ListNode {
 public:
  ServerStream() { due_.stream = this; }

  // http::ServerStream:
  void SendInformational(const ResponseHead& head) override;
  void SendHead(const ResponseHead& head, const HeadEdits& edits) override;
  void SendData(buffer::Slice data) override;
  void SendEnd(const FieldList* trailers) override;
  void SendError(uint16_t status, std::string_view detail, const HeadEdits& edits) override;
  void SendFixed(uint16_t status, std::string_view body, const HeadEdits& edits) override;
  size_t ErrorBodySize(uint16_t status, std::string_view detail) const override;
  void EndConnection() override;
  void Abort() override;
  void PauseBody() override;
  void ResumeBody() override;
  size_t unsent_bytes() const override { return unsent_.size(); }

 private:
  friend class ServerCodec;
  friend class ServerContext;

  // A place in the codec's list of streams that have something to do once nghttp2 has returned.
  struct Due : base::ListNode {
    ServerStream* stream;
  };

  // For the codec, in the order of a request's life:

  void Begin(ServerCodec* codec, int32_t id, uint64_t now_ms);
  // Keeps the text that the request's head refers to.
  void KeepHead(std::string_view text);
  // The head was read, and is well-formed.
  void TakeHead(bool end_stream);
  // Each of these returns why the request is malformed, or null.
  const char* TakeData(buffer::Slice data);
  const char* TakeEnd(const FieldList* trailers);
  // Goes on with what had to wait.
  void RunDue();
  // Tells the handler of the end that it did not bring about.
  void Fail(ClientError error);
  void Refuse(uint16_t status, const char* reason);
  // Answers in place of the handler, which is gone.
  void WriteError(uint16_t status, std::string_view detail, const FieldEdits& edits);
  // Lets go of everything; the codec of bytes that its client may send again.
  void Clear();

  // For nghttp2: up to `room` bytes of the response become a frame.
  ssize_t ReadData(size_t room, uint32_t* flags);

  void Submit(HeaderBlock& block, bool body_follows);
  // There is more to be read by ReadData.
  void Continue();
  void Hold(buffer::Slice data);
  void DeliverHeld();
  void TellEnd(const FieldList* trailers);
  void MakeDue(bool ServerStream::* what);
  // What the client sends is the tunnel's, which does not stand yet.
  bool awaits_tunnel() const { return wants_tunnel_ && !tunnel_; }
  // The client is to send.
  bool awaits_client() const { return handler_ != nullptr && !request_ended_ && !wants_tunnel_; }

  ServerCodec* codec_ = nullptr;
  ServerStreamHandler* handler_ = nullptr;
  int32_t id_ = 0;
  Method method_ = Method::kOther;
  bool request_ended_ = false;   // the client's END_STREAM has come
  bool body_follows_ = false;    // the handler waits for the end
  bool wants_tunnel_ = false;    // CONNECT, or an extended one
  bool tunnel_ = false;          // it stands
  bool head_sent_ = false;       // the final one
  bool response_ended_ = false;  // nothing follows what is in unsent_
  bool has_trailers_ = false;    // but these
  bool deferred_ = false;        // nghttp2 waits for more of the body
  bool body_paused_ = false;
  bool end_held_ = false;  // of the request, behind held_
  bool end_told_ = false;
  bool drained_due_ = false;
  bool resumed_due_ = false;
  bool reset_ = false;               // RST_STREAM is on its way
  uint64_t body_left_ = UINT64_MAX;  // of the announced Content-Length
  uint64_t held_uncredited_ = 0;     // of held_, what the connection's window is shut for, too
  uint64_t begin_ms_ = 0;
  uint64_t received_ = 0;
  uint64_t sent_ = 0;
  uint64_t window_given_ = 0;  // by WINDOW_UPDATE
  uint64_t progress_ms_ = 0;   // when something of the response became a frame
  buffer::Queue unsent_;
  buffer::Queue held_;
  std::string head_text_;
  StoredTrailers trailers_;                           // of the response
  std::unique_ptr<StoredTrailers> request_trailers_;  // with end_held_
  RateWindow body_window_;
  RateWindow reader_window_;
  Due due_;
};

}  // namespace fairlead::http::h2
