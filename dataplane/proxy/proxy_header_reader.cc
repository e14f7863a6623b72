#include "dataplane/proxy/proxy_header_reader.h"

#include <memory>
#include <utility>

#include "dataplane/net/proxy_protocol.h"
#include "dataplane/proxy/admission.h"

namespace fairlead::proxy {

ProxyHeaderReader::ProxyHeaderReader(Environment* environment, Client client, event::Socket* socket, Serve serve)
    : environment_(environment),
      client_(std::move(client)),
      socket_(socket),
      serve_(serve),
      timer_([](void* self) { static_cast<ProxyHeaderReader*>(self)->OnTimeout(); }, this) {
  client_.listener->connections.PushBack(this);
  environment_->loop->timers().Schedule(&timer_, client_.listener->proxy_protocol->timeout.count());
  socket_->set_handler(this);
  socket_->ResumeReceive();
}

void ProxyHeaderReader::OnReceived(buffer::Slice bytes) {
  event::TurnScope scope(environment_->turn_work);
  const size_t before = received_.size();
  if (before > 0) received_.append(bytes.view());
  net::ProxyHeader header;
  const net::ProxyHeaderResult result = net::ParseProxyHeader(before > 0 ? received_ : bytes.view(), &header);
  switch (result.status) {
    case net::ProxyHeaderResult::Status::kIncomplete:
      if (before == 0) received_ = bytes.view();
      return;
    case net::ProxyHeaderResult::Status::kMalformed:
      return Close(&client_.listener->own_counters->proxy_header_errors);
    case net::ProxyHeaderResult::Status::kDone:
      break;
  }
  net::Address peer = client_.address;
  if (header.source.has_value()) client_.address = *header.source;
  client_.received = std::make_unique<const ReceivedProxyHeader>(std::move(header), std::move(peer));
  if (!AdmitSource(environment_, client_)) return Close(nullptr);  // counted there
  bytes.RemovePrefix(result.size - before);
  event::Socket* const socket = socket_;
  Leave();
  serve_(environment_, std::move(client_), socket, bytes.empty() ? buffer::Slice() : std::move(bytes));
}

void ProxyHeaderReader::OnReceiveEnd(int) {
  event::TurnScope scope(environment_->turn_work);
  Close(&client_.listener->own_counters->proxy_header_errors);
}

void ProxyHeaderReader::OnTimeout() {
  event::TurnScope scope(environment_->turn_work);
  Close(&client_.listener->own_counters->proxy_header_timeouts);
}

void ProxyHeaderReader::Close(metrics::Counter* reason) {
  if (socket_ == nullptr) return;
  if (reason != nullptr) reason->Increment();
  // Counted before the client sees the end: it may come again at once.
  Dismiss(environment_, client_);
  socket_->Close();
  Leave();
}

void ProxyHeaderReader::Leave() {
  socket_ = nullptr;
  environment_->loop->timers().Cancel(&timer_);
  Unlink();
  environment_->turn_work->Add(this);
}

}  // namespace fairlead::proxy
