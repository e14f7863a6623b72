#include "prober/make_attempt.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <cstring>
#include <string>
#include <utility>

#include "prober/grpc_attempt.h"
#include "prober/http_attempt.h"
#include "prober/tcp_attempt.h"

namespace fairlead::prober {
namespace {

net::Address WithPort(const net::Address& address, uint16_t port) {
  if (port == 0 || address.family() == AF_UNIX) return address;
  sockaddr_storage storage = {};
  std::memcpy(&storage, address.get(), address.length());
  // At the same place in both.
  reinterpret_cast<sockaddr_in*>(&storage)->sin_port = htons(port);
  return *net::Address::FromSockaddr(reinterpret_cast<const sockaddr*>(&storage), address.length());
}

// What stands in Host where nothing else is to (RFC 9110 §7.2): no scope of an IPv6 address (RFC 6874).
std::string HostOf(const net::Address& address) {
  if (address.family() == AF_UNIX) return "localhost";
  std::string text = address.ToString();
  const size_t percent = text.find('%');
  if (percent != std::string::npos) text.erase(percent, text.find(']') - percent);
  return text;
}

}  // namespace

std::unique_ptr<Attempt> MakeAttempt(event::Loop* loop, Commands* commands, const Target& target,
                                     std::shared_ptr<const CheckSettings> settings, Attempt::OnOutcome on_outcome) {
  Target checked = target;
  checked.address = WithPort(target.address, settings->port);
  const net::Address& address = checked.address;
  if (std::holds_alternative<HttpSettings>(settings->kind)) {
    return std::make_unique<HttpAttempt>(loop, address, std::move(settings), HostOf(address), std::move(on_outcome));
  }
  if (std::holds_alternative<GrpcSettings>(settings->kind)) {
    return std::make_unique<GrpcAttempt>(loop, address, std::move(settings), HostOf(address), std::move(on_outcome));
  }
  if (std::holds_alternative<CommandSettings>(settings->kind)) {
    return std::make_unique<CommandAttempt>(loop, commands, checked, std::move(settings), std::move(on_outcome));
  }
  return std::make_unique<TcpAttempt>(loop, address, settings->tls, std::move(on_outcome));
}

}  // namespace fairlead::prober
