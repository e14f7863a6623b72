#include "controlplane-mock/status_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "api/yaml/yaml.h"
#include "controlplane-mock/fake_proxy.h"
#include "controlplane-mock/recorded_stream.h"
#include "controlplane-mock/test_snapshots.h"

namespace fairlead::controlplane_mock {
namespace {

std::string Read(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(StatusFile, HoldsWhatIsKnownOfEveryProxy) {
  Controller controller({}, TransactionIds("test"), [](const ProxyEvent&) {});
  controller.SetDesired(SnapshotOfWeight(1), {});
  FakeProxy proxy("edge-1");
  proxy.Set(SnapshotOfWeight(1));
  RecordedStream stream;
  controller.OnOpened(&stream, {});
  controller.OnMessage(&stream, proxy.Hello(), {});
  const std::string path = testing::TempDir() + "status.json";
  StatusFile file(path);

  ASSERT_TRUE(file.Write(DescribeStatus(controller, "127.0.0.1:7000", "a.yaml:1: wrong")).ok());

  Status status;
  ASSERT_TRUE(api::ParseYaml(Read(path), {}, &status).ok()) << Read(path);
  EXPECT_EQ(status.listening_on(), "127.0.0.1:7000");
  EXPECT_EQ(status.file_error(), "a.yaml:1: wrong");
  ASSERT_EQ(status.proxies_size(), 1);
  EXPECT_EQ(status.proxies(0).node_id(), "edge-1");
  EXPECT_EQ(status.proxies(0).zone(), "a");
  EXPECT_EQ(status.proxies(0).state(), ProxyStatus::CONNECTED);
  EXPECT_EQ(status.proxies(0).revision(), 1);
  EXPECT_EQ(status.proxies(0).fingerprint(), status.desired_fingerprint());
  EXPECT_TRUE(status.proxies(0).up_to_date());

  controller.OnClosed(&stream, absl::UnavailableError("reset"));
  const Status lost = DescribeStatus(controller, "", "");
  EXPECT_EQ(lost.proxies(0).state(), ProxyStatus::LOST);
  EXPECT_THAT(lost.proxies(0).last_error(), testing::HasSubstr("reset"));
  std::filesystem::remove(path);
}

TEST(StatusFile, IsReplacedOnlyWhenItSaysSomethingElse) {
  const std::string path = testing::TempDir() + "replaced.json";
  StatusFile file(path);
  Status status;
  ASSERT_TRUE(file.Write(status).ok());
  std::filesystem::remove(path);

  ASSERT_TRUE(file.Write(status).ok());
  EXPECT_FALSE(std::filesystem::exists(path));
  status.set_file_error("x");
  ASSERT_TRUE(file.Write(status).ok());

  EXPECT_THAT(Read(path), testing::HasSubstr("\"file_error\": \"x\""));
  EXPECT_FALSE(std::filesystem::exists(path + ".tmp"));
  std::filesystem::remove(path);
}

TEST(StatusFile, SaysThatItCannotBeWritten) { EXPECT_FALSE(StatusFile("/nowhere/status.json").Write({}).ok()); }

}  // namespace
}  // namespace fairlead::controlplane_mock
