#include "dataplane/tls/handshakes.h"

#include <cstring>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"

namespace fairlead::tls {

Handshakes::Handshake::Handshake(Handshakes* owner, int fd)
    : owner_(owner),
      socket_(Socket::Accept(*owner->loop_, owner->loop_->Adopt(fd, nullptr), owner->options_.context(), this)),
      timer_([](void* self) { static_cast<Handshake*>(self)->OnTimeout(); }, this) {
  owner->loop_->timers().Schedule(&timer_, kTimeoutMs);
}

Handshakes::Handshake::~Handshake() {
  owner_->loop_->timers().Cancel(&timer_);
  if (socket_ != nullptr) socket_->Close();
}

void Handshakes::Handshake::OnConnected(int error) {
  if (error == 0) return owner_->Succeed(this, std::exchange(socket_, nullptr));
  const Failure* failure = socket_->failure();
  owner_->Fail(this, failure != nullptr ? failure->text : std::strerror(error));
}

void Handshakes::Handshake::OnTimeout() { owner_->Fail(this, "it took too long"); }

void Handshakes::Begin(int fd) { all_.insert(std::make_unique<Handshake>(this, fd)); }

void Handshakes::Succeed(Handshake* handshake, Socket* socket) {
  all_.erase(handshake);
  on_done_(socket);
}

void Handshakes::Fail(Handshake* handshake, std::string_view why) {
  const uint64_t now_ms = loop_->now_ms();
  if (told_at_ms_ != 0 && now_ms - told_at_ms_ < 1'000) {
    ++untold_;
  } else {
    std::string line = absl::StrCat("TLS handshake failed: ", std::string(why));
    if (untold_ > 0) absl::StrAppend(&line, " (and ", untold_, " more)");
    told_at_ms_ = now_ms;
    untold_ = 0;
    options_.log(line);
  }
  all_.erase(handshake);
}

}  // namespace fairlead::tls
