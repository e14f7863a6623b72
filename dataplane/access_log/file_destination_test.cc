#include "dataplane/access_log/file_destination.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "dataplane/base/unique_fd.h"

namespace fairlead::access_log {
namespace {

class FileDestinationTest : public ::testing::Test {
 protected:
  FileDestinationTest() {
    std::string name = ::testing::TempDir() + "/logXXXXXX";
    directory_ = mkdtemp(name.data());
    signal(SIGPIPE, SIG_IGN);  // as event::Signals does
  }
  ~FileDestinationTest() override { std::filesystem::remove_all(directory_); }

  std::string Path(const std::string& name) const { return directory_ + "/" + name; }
  static std::string Contents(const std::string& path) {
    std::stringstream contents;
    contents << std::ifstream(path).rdbuf();
    return contents.str();
  }

  std::string directory_;
};

std::string ReadAll(int fd) {
  std::string all(1 << 20, '\0');
  const ssize_t size = read(fd, all.data(), all.size());
  all.resize(size < 0 ? 0 : size);
  return all;
}

TEST_F(FileDestinationTest, AppendsToAFileThatItsGroupMayRead) {
  const mode_t mask = umask(022);
  auto destination = FileDestination::Open(Path("log"));
  umask(mask);
  ASSERT_TRUE(destination.ok()) << destination.status();
  const Destination::Result result = (*destination)->Write("one\ntwo\n");
  EXPECT_EQ(result.taken, 8u);
  EXPECT_EQ(result.lines, 2u);
  EXPECT_EQ(result.error, 0);
  struct stat status;
  ASSERT_EQ(stat(Path("log").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0640u);

  auto second = FileDestination::Open(Path("log"));
  ASSERT_TRUE(second.ok());
  (*second)->Write("three\n");
  (*destination)->Write("four\n");
  EXPECT_EQ(Contents(Path("log")), "one\ntwo\nthree\nfour\n");
}

TEST_F(FileDestinationTest, ReopensByName) {
  auto destination = FileDestination::Open(Path("log"));
  ASSERT_TRUE(destination.ok());
  (*destination)->Write("old\n");
  ASSERT_EQ(rename(Path("log").c_str(), Path("log.1").c_str()), 0);
  (*destination)->Write("still old\n");
  EXPECT_TRUE((*destination)->Reopen().ok());
  (*destination)->Write("new\n");
  EXPECT_EQ(Contents(Path("log.1")), "old\nstill old\n");
  EXPECT_EQ(Contents(Path("log")), "new\n");
}

TEST_F(FileDestinationTest, KeepsTheOldFileWhereTheNewOneCannotBeMade) {
  std::filesystem::create_directory(Path("dir"));
  auto destination = FileDestination::Open(Path("dir/log"));
  ASSERT_TRUE(destination.ok());
  std::filesystem::rename(Path("dir"), Path("gone"));
  const absl::Status status = (*destination)->Reopen();
  EXPECT_EQ(status.message(), Path("dir/log") + ": No such file or directory");
  (*destination)->Write("line\n");
  EXPECT_EQ(Contents(Path("gone/log")), "line\n");
}

TEST_F(FileDestinationTest, SaysWhatItCouldNotOpen) {
  EXPECT_EQ(FileDestination::Open(Path("none/log")).status().message(), Path("none/log: No such file or directory"));
  EXPECT_EQ(FileDestination::Open(directory_).status().message(), directory_ + ": Is a directory");
}

TEST_F(FileDestinationTest, GoesOnWhereAFullPipeCutALine) {
  int pipe_ends[2];
  ASSERT_EQ(pipe2(pipe_ends, O_CLOEXEC), 0);
  const base::UniqueFd reader(pipe_ends[0]), writer(pipe_ends[1]);
  auto destination = FileDestination::OpenStream(writer.get());
  ASSERT_TRUE(destination.ok()) << destination.status();
  const std::string lines = std::string(100'000, 'a') + "\n" + std::string(10, 'b') + "\n";
  Destination::Result result = (*destination)->Write(lines);
  EXPECT_EQ(result.taken, 0u);
  EXPECT_EQ(result.error, 0);
  EXPECT_TRUE(result.mid_line);
  result = (*destination)->Write(lines);
  EXPECT_EQ(result.error, EAGAIN);
  EXPECT_EQ(fcntl(writer.get(), F_GETFL) & O_NONBLOCK, 0) << "others write to that pipe, too";

  std::string received = ReadAll(reader.get());
  result = (*destination)->Write(lines);
  EXPECT_EQ(result.taken, lines.size());
  EXPECT_EQ(result.lines, 2u);
  EXPECT_FALSE(result.mid_line);
  EXPECT_EQ(received + ReadAll(reader.get()), lines);
}

TEST_F(FileDestinationTest, DoesNotWaitForASocketThatIsNotRead) {
  int ends[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  const base::UniqueFd reader(ends[0]), writer(ends[1]);
  auto destination = FileDestination::OpenStream(writer.get());
  ASSERT_TRUE(destination.ok());
  const std::string line = std::string(1'000, 'x') + "\n";
  int written = 0;
  while ((*destination)->Write(line).error == 0) ++written;
  EXPECT_GT(written, 10);
  EXPECT_EQ((*destination)->Write(line).error, EAGAIN);
}

TEST_F(FileDestinationTest, AFifoMayBeWithoutAReaderAndGetAnother) {
  ASSERT_EQ(mkfifo(Path("fifo").c_str(), 0600), 0);
  auto destination = FileDestination::Open(Path("fifo"));
  ASSERT_TRUE(destination.ok());
  EXPECT_EQ((*destination)->Write("one\n").error, ENXIO);

  base::UniqueFd reader(open(Path("fifo").c_str(), O_RDONLY | O_NONBLOCK));
  EXPECT_EQ((*destination)->Write("one\n").taken, 4u);
  EXPECT_EQ(ReadAll(reader.get()), "one\n");

  const std::string longer = std::string(100'000, 'x') + "\n";
  EXPECT_TRUE((*destination)->Write(longer).mid_line);
  reader.Reset();
  EXPECT_EQ((*destination)->Write(longer).error, EPIPE);
  EXPECT_EQ((*destination)->Write(longer).error, ENXIO);
  reader.Reset(open(Path("fifo").c_str(), O_RDONLY | O_NONBLOCK));
  (*destination)->Write("whole\n");
  EXPECT_EQ(ReadAll(reader.get()), "whole\n") << "not the rest of a line that nobody has the beginning of";
}

TEST_F(FileDestinationTest, ReportsAFullDisk) {
  auto destination = FileDestination::Open("/dev/full");
  ASSERT_TRUE(destination.ok());
  const Destination::Result result = (*destination)->Write("line\n");
  EXPECT_EQ(result.error, ENOSPC);
  EXPECT_EQ(result.taken, 0u);
}

}  // namespace
}  // namespace fairlead::access_log
