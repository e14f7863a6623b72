#include "dataplane/net/unix_peer.h"

#include <sys/socket.h>
#include <unistd.h>

#include "dataplane/base/unique_fd.h"
#include "gtest/gtest.h"

namespace fairlead::net {
namespace {

TEST(UnixPeerUid, IsThatOfWhoeverConnected) {
  int ends[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  const base::UniqueFd one(ends[0]);
  const base::UniqueFd other(ends[1]);
  EXPECT_EQ(UnixPeerUid(one.get()), geteuid());
}

TEST(UnixPeerUid, IsNobodysForOtherSockets) {
  const base::UniqueFd tcp(socket(AF_INET, SOCK_STREAM, 0));
  EXPECT_EQ(UnixPeerUid(tcp.get()), std::nullopt);
}

}  // namespace
}  // namespace fairlead::net
