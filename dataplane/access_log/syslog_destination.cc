#include "dataplane/access_log/syslog_destination.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <ctime>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "dataplane/access_log/timestamp.h"

namespace fairlead::access_log {
namespace {

constexpr int kPriority = 16 * 8 + 6;  // local0.info
constexpr char kAppName[] = "fairlead";

// As RFC 5424 §6.2.4 wants it: visible ASCII, "-" where it is not known.
std::string HostName() {
  char name[256] = {};
  if (gethostname(name, sizeof(name) - 1) != 0 || name[0] == '\0') return "-";
  for (char& c : name) {
    if (c != '\0' && (c <= 0x20 || c >= 0x7f)) c = '_';
  }
  return name;
}

}  // namespace

SyslogDestination::SyslogDestination(const net::Address& address)
    : address_(address), pid_(getpid()), host_(HostName()) {}

absl::StatusOr<std::unique_ptr<Destination>> SyslogDestination::Open(const net::Address& address) {
  std::unique_ptr<SyslogDestination> destination(new SyslogDestination(address));
  const int error = destination->Connect();
  if (error == EMFILE || error == ENFILE || error == ENOMEM) return absl::UnavailableError(std::strerror(error));
  return destination;
}

int SyslogDestination::Connect() {
  base::UniqueFd fd(socket(address_.family(), SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.valid() || connect(fd.get(), address_.get(), address_.length()) != 0) return errno;
  fd_ = std::move(fd);
  return 0;
}

Destination::Result SyslogDestination::Write(std::string_view lines) {
  Result result;
  if (!fd_.valid()) result.error = Connect();
  if (result.error != 0) return result;
  const std::string header = Header();
  while (result.taken < lines.size()) {
    const std::string_view rest = lines.substr(result.taken);
    const std::string_view line = rest.substr(0, rest.find('\n'));
    int error = Send(header, line);
    // Of UDP that is word of an earlier datagram: this one has not been sent.
    if (error == ECONNREFUSED && address_.family() != AF_UNIX) error = Send(header, line);
    if (error == EMSGSIZE) {
      ++result.unfit;
    } else if (error == 0) {
      ++result.lines;
    } else {
      result.error = error;
      // A unix socket whose server has gone leads nowhere any more.
      if (error != EAGAIN && error != ENOBUFS) fd_.Reset();
      return result;
    }
    result.taken += line.size() + 1;
  }
  return result;
}

int SyslogDestination::Send(std::string_view header, std::string_view line) {
  datagram_.assign(header).append(line);
  return send(fd_.get(), datagram_.data(), datagram_.size(), MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? errno : 0;
}

std::string SyslogDestination::Header() const {
  const auto now = std::chrono::system_clock::now();
  if (address_.family() == AF_UNIX) {
    const time_t seconds = std::chrono::system_clock::to_time_t(now);
    tm local;
    localtime_r(&seconds, &local);
    char text[32];
    strftime(text, sizeof(text), "%b %e %H:%M:%S", &local);
    return absl::StrCat("<", kPriority, ">", text, " ", kAppName, "[", pid_, "]: ");
  }
  char text[Timestamp::kSize];
  Timestamp().Append(std::chrono::duration_cast<std::chrono::microseconds>(now.time_since_epoch()).count(), text);
  return absl::StrCat("<", kPriority, ">1 ", absl::string_view(text, sizeof(text)), " ", host_, " ", kAppName, " ",
                      pid_, " access - ");
}

}  // namespace fairlead::access_log
