#include "dataplane/proxy/client_hello_reader.h"

#include <utility>

#include "dataplane/buffer/queue.h"
#include "dataplane/proxy/admission.h"
#include "dataplane/proxy/tcp_connection.h"
#include "dataplane/tls/client_hello.h"

namespace fairlead::proxy {

ClientHelloReader::ClientHelloReader(Environment* environment, Client client, event::Socket* socket,
                                     buffer::Slice begin)
    : environment_(environment),
      client_(std::move(client)),
      socket_(socket),
      log_(client_.listener->access_log == nullptr ? nullptr : new ConnectionLog),
      timer_([](void* self) { static_cast<ClientHelloReader*>(self)->OnTimeout(); }, this) {
  client_.listener->connections.PushBack(this);
  environment_->loop->timers().Schedule(&timer_, kTimeoutMs);
  socket_->set_handler(this);
  socket_->ResumeReceive();
  if (!begin.empty()) OnReceived(std::move(begin));
}

void ClientHelloReader::OnReceived(buffer::Slice bytes) {
  event::TurnScope scope(environment_->turn_work);
  const bool in_parts = !received_.empty();
  if (in_parts) received_.append(bytes.view());
  tls::ClientHello hello;
  const tls::ClientHelloResult result = tls::ReadClientHello(in_parts ? received_ : bytes.view(), &hello);
  // A copy: others' bytes may lie in the slice's block.
  if (result.status != tls::ClientHelloResult::Status::kDone && !in_parts) received_ = bytes.view();
  switch (result.status) {
    case tls::ClientHelloResult::Status::kIncomplete:
      return;
    case tls::ClientHelloResult::Status::kMalformed:
      return Close(Reason::kClientHelloMalformed, result.error, &client_.listener->own_counters->client_hello_errors);
    case tls::ClientHelloResult::Status::kDone:
      break;
  }
  TcpBeginning beginning = {.server_name = std::move(hello.server_name), .log = std::move(log_)};
  if (in_parts) {
    buffer::Queue queue;
    queue.Append(received_, environment_->loop->blocks());
    beginning.bytes = queue.TakeSlices();
  } else {
    beginning.bytes.push_back(std::move(bytes));
  }
  event::Socket* const socket = socket_;
  Leave();
  new TcpConnection(environment_, std::move(client_), socket, std::move(beginning));  // owns itself
}

void ClientHelloReader::OnReceiveEnd(int) {
  event::TurnScope scope(environment_->turn_work);
  // Who says nothing only looked whether somebody listens.
  if (received_.empty()) return Close(Reason::kNone, {}, nullptr);
  Close(Reason::kClientHelloMalformed, "it was not finished", &client_.listener->own_counters->client_hello_errors);
}

void ClientHelloReader::OnTimeout() {
  event::TurnScope scope(environment_->turn_work);
  Close(Reason::kClientHelloTimeout, {}, &client_.listener->own_counters->client_hello_timeouts);
}

void ClientHelloReader::Close(Reason reason, std::string_view detail, metrics::Counter* counter) {
  if (socket_ == nullptr) return;
  if (counter != nullptr) counter->Increment();
  client_.listener->own_counters->bytes_received.Add(received_.size());
  if (log_ != nullptr && reason != Reason::kNone) {
    log_->Received(received_.size());
    log_->Decide(DecidedBy::kProxy, reason, detail);
    log_->Write(client_, /*attempts=*/0, environment_->access_log);
  }
  // Counted before the client sees the end: it may come again at once.
  Dismiss(environment_, client_);
  socket_->Close();
  Leave();
}

void ClientHelloReader::Leave() {
  socket_ = nullptr;
  environment_->loop->timers().Cancel(&timer_);
  Unlink();
  environment_->turn_work->Add(this);
}

}  // namespace fairlead::proxy
