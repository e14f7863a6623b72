#include "dataplane/upstream/shared_stream.h"

#include <utility>

#include "dataplane/upstream/shared_connection.h"

namespace fairlead::upstream {

SharedStream::SharedStream(SharedConnection* connection, ConnectionUser* user)
    : Channel(&h2_stream_),
      connection_(connection),
      user_(user),
      timer_([](void* self) { static_cast<SharedStream*>(self)->OnTimeout(); }, this) {}

void SharedStream::Begin(http::h2::ClientCodec* codec) {
  connecting_ = false;
  h2_stream_.Begin(codec, user_, this);
}

std::string SharedStream::TakePreamble() {
  has_begun_ = true;
  return user_->MakePreamble();
}

ConnectionUser* SharedStream::Leave() {
  connection_->OnGone(this);
  return std::exchange(user_, nullptr);
}

void SharedStream::Fail(http::ServerError error, std::string_view detail) { Leave()->OnServerError(error, detail); }

void SharedStream::Release() {
  user_ = nullptr;
  if (connecting_) return connection_->OnGone(this);
  h2_stream_.Abandon();
  if (!h2_stream_.done()) connection_->Linger(&timer_);
}

void SharedStream::OnTimeout() { connection_->GiveUp(&h2_stream_); }

void SharedStream::BeginWith(std::string_view bytes) { connection_->BeginWith(bytes); }

void SharedStream::OnStreamGone() { connection_->OnGone(this); }

}  // namespace fairlead::upstream
