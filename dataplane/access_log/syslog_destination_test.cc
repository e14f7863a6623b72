#include "dataplane/access_log/syslog_destination.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "dataplane/base/unique_fd.h"

namespace fairlead::access_log {
namespace {

using ::testing::EndsWith;
using ::testing::MatchesRegex;

// What a syslog server does.
class Receiver {
 public:
  explicit Receiver(const net::Address& address) : fd_(socket(address.family(), SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    EXPECT_EQ(bind(fd_.get(), address.get(), address.length()), 0);
    sockaddr_storage bound;
    socklen_t length = sizeof(bound);
    getsockname(fd_.get(), reinterpret_cast<sockaddr*>(&bound), &length);
    address_ = *net::Address::FromSockaddr(reinterpret_cast<sockaddr*>(&bound), length);
  }

  const net::Address& address() const { return address_; }
  std::string Receive() {
    pollfd readable{.fd = fd_.get(), .events = POLLIN, .revents = 0};
    if (poll(&readable, 1, 20'000) != 1) return "nothing came";
    std::string datagram(100'000, '\0');
    datagram.resize(recv(fd_.get(), datagram.data(), datagram.size(), 0));
    return datagram;
  }

 private:
  base::UniqueFd fd_;
  net::Address address_;
};

class SyslogDestinationTest : public ::testing::Test {
 protected:
  SyslogDestinationTest() {
    std::string name = "/tmp/syslogXXXXXX";  // a unix path is short
    directory_ = mkdtemp(name.data());
    unix_address_ = *net::Address::Parse("unix:" + directory_ + "/log");
  }
  ~SyslogDestinationTest() override { std::filesystem::remove_all(directory_); }

  std::string directory_;
  net::Address unix_address_;
};

TEST_F(SyslogDestinationTest, SendsADatagramALineOverUdp) {
  Receiver receiver(*net::Address::Parse("127.0.0.1:0"));
  auto destination = SyslogDestination::Open(receiver.address());
  ASSERT_TRUE(destination.ok());
  const Destination::Result result = (*destination)->Write("first line\n{\"a\":1}\n");
  EXPECT_EQ(result.taken, 19u);
  EXPECT_EQ(result.lines, 2u);
  // RFC 5424 §6: PRI VERSION SP TIMESTAMP SP HOSTNAME SP APP-NAME SP PROCID SP MSGID SP STRUCTURED-DATA SP MSG
  EXPECT_THAT(receiver.Receive(),
              MatchesRegex("<134>1 [0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{6}Z [^ ]+ fairlead " +
                           std::to_string(getpid()) + " access - first line"));
  EXPECT_THAT(receiver.Receive(), EndsWith(" access - {\"a\":1}"));
}

TEST_F(SyslogDestinationTest, WritesAsSyslog3DoesOverAUnixSocket) {
  Receiver receiver(unix_address_);
  auto destination = SyslogDestination::Open(unix_address_);
  ASSERT_TRUE(destination.ok());
  (*destination)->Write("line\n");
  EXPECT_THAT(receiver.Receive(), MatchesRegex("<134>[A-Z][a-z]{2} [ 0-9][0-9] [0-9]{2}:[0-9]{2}:[0-9]{2} fairlead\\[" +
                                               std::to_string(getpid()) + "\\]: line"));
}

TEST_F(SyslogDestinationTest, FindsALocalServerThatCameBack) {
  auto destination = SyslogDestination::Open(unix_address_);
  ASSERT_TRUE(destination.ok()) << "the server may come later";
  EXPECT_EQ((*destination)->Write("lost?\n").error, ENOENT);
  {
    Receiver receiver(unix_address_);
    EXPECT_EQ((*destination)->Write("one\n").taken, 4u);
  }
  EXPECT_EQ((*destination)->Write("two\n").error, ECONNREFUSED);
  unlink(unix_address_.path().data());
  Receiver again(unix_address_);
  EXPECT_EQ((*destination)->Write("two\n").taken, 4u);
  EXPECT_THAT(again.Receive(), EndsWith(": two"));
}

TEST_F(SyslogDestinationTest, DoesNotWaitForAServerThatDoesNotRead) {
  Receiver receiver(unix_address_);
  auto destination = SyslogDestination::Open(unix_address_);
  ASSERT_TRUE(destination.ok());
  int written = 0;
  while ((*destination)->Write("line\n").error == 0 && written < 1'000'000) ++written;
  EXPECT_EQ((*destination)->Write("line\n").error, EAGAIN);
  receiver.Receive();
  EXPECT_EQ((*destination)->Write("line\n").error, 0);
}

TEST_F(SyslogDestinationTest, UdpGoesOnWhereNobodyListens) {
  std::optional<Receiver> receiver(*net::Address::Parse("127.0.0.1:0"));
  auto destination = SyslogDestination::Open(receiver->address());
  receiver.reset();
  for (int i = 0; i < 5; ++i) EXPECT_EQ((*destination)->Write("line\n").taken, 5u);
}

TEST_F(SyslogDestinationTest, LeavesOutWhatNoDatagramHolds) {
  Receiver receiver(*net::Address::Parse("127.0.0.1:0"));
  auto destination = SyslogDestination::Open(receiver.address());
  const std::string lines = std::string(70'000, 'x') + "\nshort\n";
  const Destination::Result result = (*destination)->Write(lines);
  EXPECT_EQ(result.taken, lines.size());
  EXPECT_EQ(result.lines, 1u);
  EXPECT_EQ(result.unfit, 1u);
  EXPECT_THAT(receiver.Receive(), EndsWith(" short"));
}

}  // namespace
}  // namespace fairlead::access_log
