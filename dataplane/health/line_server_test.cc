#include "dataplane/health/line_server.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "dataplane/config/snapshot.h"
#include "dataplane/event/loop_test_support.h"
#include "dataplane/health/report_turns.h"
#include "dataplane/health/verb_actions.h"
#include "dataplane/identity/peer.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fairlead::health {
namespace {

using config::Health;
using event::IoBackend;
using event::testing::Peer;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

net::Address Parse(const std::string& text) { return *net::Address::Parse(text); }

class LineServerTest : public event::testing::LoopTest {
 protected:
  LineServerTest() {
    table_.AddServer("web", "w1");
    Listen({Parse("127.0.0.1:0")});
  }
  ~LineServerTest() override { std::filesystem::remove_all(directory_); }

  void Listen(const std::vector<net::Address>& addresses) {
    auto server = LineServer::Listen(loop_.get(), &table_, Actions(), addresses);
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }

  // Verbs are kept until the test answers them.
  struct Asked {
    std::string text;
    std::string who;
    VerbActions::OnAnswer on_answer;
  };
  VerbActions Actions() {
    VerbActions actions;
    actions.carry_out = [this](const Verb& verb, const identity::Peer& peer, VerbActions::OnAnswer on_answer) {
      if (answer_at_once_.has_value()) {
        on_answer(*answer_at_once_);
      } else {
        asked_.push_back({std::string(verb.text), peer.Describe(), std::move(on_answer)});
      }
      return ++last_ticket_;
    };
    actions.forget = [this](uint64_t ticket) { forgotten_.push_back(ticket); };
    actions.snapshot = [this] { return snapshot_; };
    actions.initial_weight = [](const config::Server& server) { return server.weight; };
    return actions;
  }
  // The answer to the verb that was asked for last, once there are so many.
  void AnswerLast(size_t count, const std::string& text) {
    RunUntil([&] { return asked_.size() == count; });
    asked_.back().on_answer(text);
  }
  // All that comes until the end.
  std::string ReceiveAll(Peer& client) {
    std::string received;
    RunUntil([&] {
      received += client.Receive();
      return client.AtEnd();
    });
    return received;
  }

  static Peer Connect(const net::Address& address) {
    const int fd = socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0);
    EXPECT_EQ(connect(fd, address.get(), address.length()), 0);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    return Peer(fd);
  }
  Peer Connect() { return Connect(server_->addresses()[0]); }

  // What comes until the last of `lines` lines.
  std::string ReceiveLines(Peer& client, size_t lines) {
    std::string received;
    RunUntil([&] {
      received += client.Receive();
      return static_cast<size_t>(std::count(received.begin(), received.end(), '\n')) >= lines;
    });
    return received;
  }
  std::string Ask(Peer& client, std::string_view line) {
    client.Send(line);
    return ReceiveLines(client, 1);
  }

  // Short, as paths of unix sockets must be.
  const std::string directory_ = mkdtemp(std::string("/tmp/line_server_test.XXXXXX").data());
  HealthTable table_{&loop_->timers(), [](std::string_view, std::string_view, Health) {}};
  std::vector<Asked> asked_;
  std::optional<std::string> answer_at_once_;
  uint64_t last_ticket_ = 0;
  std::vector<uint64_t> forgotten_;
  std::shared_ptr<const config::Snapshot> snapshot_ = std::make_shared<const config::Snapshot>();
  std::unique_ptr<LineServer> server_;
};

TEST_P(LineServerTest, TakesAReportAndSaysOk) {
  Peer client = Connect();
  EXPECT_EQ(Ask(client, "report web/w1 down ttl=10s reporter=probe-a seq=12 reason=\"connection refused\"\n"), "ok\n");
  const std::optional<Decision> decision = table_.Find("web", "w1");
  EXPECT_EQ(decision->health, Health::kDown);
  EXPECT_EQ(decision->decided_by, "probe-a");
  EXPECT_EQ(decision->reason, "connection refused");
}

TEST_P(LineServerTest, SaysWhatIsWrongAndGoesOn) {
  Peer client = Connect();
  EXPECT_EQ(Ask(client, "report web/w9 down reporter=a\n"), "error server \"web/w9\": no such server\n");
  EXPECT_THAT(Ask(client, "report web/w1 dwon reporter=a\n"), StartsWith("error status \"dwon\""));
  EXPECT_THAT(Ask(client, "report web/w1 down reporter=a ttl=1ms\n"), StartsWith("error ttl 1ms"));
  EXPECT_EQ(Ask(client, "report web/w1 down reporter=a seq=7\n"), "ok\n");
  EXPECT_THAT(Ask(client, "report web/w1 up reporter=a seq=4\n"), StartsWith("error sequence 4: stale, 7 was seen"));
  EXPECT_THAT(Ask(client, std::string(5'000, 'x') + "\n"), HasSubstr("longer than 4096 bytes"));
  EXPECT_EQ(Ask(client, "report web/w1 down reporter=a seq=8\r\n"), "ok\n");
}

TEST_P(LineServerTest, HelpIsOneLine) {
  Peer client = Connect();
  EXPECT_THAT(Ask(client, "help\n"), StartsWith("ok report BACKEND/SERVER"));
}

TEST_P(LineServerTest, AnswersPipelinedLinesInTheirOrderAndEmptyOnesNotAtAll) {
  Peer client = Connect();
  client.Send("report web/w1 up reporter=a\n\n\r\nreport web/w9 up reporter=a\nhelp\nreport web/w1 up reporter=a\n");
  const std::string answers = ReceiveLines(client, 4);
  EXPECT_THAT(answers, StartsWith("ok\nerror server \"web/w9\": no such server\nok report "));
  EXPECT_THAT(answers, EndsWith("\nok\n"));
}

TEST_P(LineServerTest, TakesLinesInWhateverPiecesTheyCome) {
  Peer client = Connect();
  for (char c : std::string_view("report web/w1 down reporter=a\r\n")) {
    client.Send({&c, 1});
    RunWhatIsDue();
  }
  EXPECT_EQ(ReceiveLines(client, 1), "ok\n");
}

TEST_P(LineServerTest, ServesManyClientsOverAllItsAddresses) {
  const std::string path = directory_ + "/health.sock";
  Listen({Parse("127.0.0.1:0"), Parse("unix:" + path), Parse("127.0.0.2:0")});
  std::vector<Peer> clients;
  for (int i = 0; i < 100; ++i) clients.push_back(Connect(server_->addresses()[i % 3]));
  for (size_t i = 0; i < clients.size(); ++i) {
    clients[i].Send(absl::StrCat("report web/w1 up reporter=probe-", i % 64, "\n"));
  }
  for (Peer& client : clients) EXPECT_EQ(ReceiveLines(client, 1), "ok\n");
  EXPECT_EQ(server_->connections(), 100);
  clients.clear();
  RunUntil([&] { return server_->connections() == 0; });
}

TEST_P(LineServerTest, AnswersWhatCameBeforeTheClientShutItsSideThenCloses) {
  Peer client = Connect();
  client.Send("report web/w1 up reporter=a\nreport web/w1 down reporter=a\n");
  client.ShutdownSend();
  EXPECT_EQ(ReceiveLines(client, 2), "ok\nok\n");
  RunUntil([&] { return client.AtEnd(); });
  EXPECT_EQ(server_->connections(), 0);
}

TEST_P(LineServerTest, ALineThatIsCutShortIsNotTaken) {
  Peer client = Connect();
  client.Send("report web/w1 down reporter=a");
  client.ShutdownSend();
  EXPECT_THAT(ReceiveLines(client, 1), StartsWith("error the last line is cut short"));
  RunUntil([&] { return client.AtEnd(); });
  EXPECT_EQ(table_.Find("web", "w1")->health, Health::kUnknown);
}

TEST_P(LineServerTest, QuitEndsTheConnectionAfterTheAnswers) {
  Peer client = Connect();
  client.Send("report web/w1 up reporter=a\nquit\n");
  EXPECT_EQ(ReceiveLines(client, 2), "ok\nok\n");
  RunUntil([&] { return client.AtEnd(); });
  EXPECT_EQ(server_->connections(), 0);
}

TEST_P(LineServerTest, AClientThatDoesNotReadItsAnswersIsNotReadFrom) {
  Listen({Parse("unix:" + directory_ + "/health.sock")});  // whose buffers do not grow, as those of TCP
  Peer warm_up = Connect();
  Ask(warm_up, "help\n");
  NoteBlocksOfAnIdleLoop();

  Peer slow = Connect();
  std::string lines;
  for (int i = 0; i < 1'000; ++i) lines += "help\n";
  // Until the kernel's buffers are full both ways: then nothing is taken any more, and nothing grows.
  size_t sent = 0;
  for (int quiet_rounds = 0; quiet_rounds < 20; ++quiet_rounds) {
    const size_t skip = sent % 5;  // goes on within the line where the last round stopped
    const ssize_t count = send(slow.fd(), lines.data() + skip, lines.size() - skip, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count > 0) {
      sent += static_cast<size_t>(count);
      quiet_rounds = 0;
    }
    RunWhatIsDue();
  }
  const size_t lines_sent = sent / 5;
  EXPECT_LE(BlocksHeld(), 16);

  Peer other = Connect();
  EXPECT_EQ(Ask(other, "report web/w1 up reporter=a\n"), "ok\n");

  // When it reads, it gets the answers to all of them.
  size_t answers = 0;
  RunUntil([&] {
    const std::string received = slow.Receive();
    answers += static_cast<size_t>(std::count(received.begin(), received.end(), '\n'));
    return answers >= lines_sent;
  });
  EXPECT_EQ(answers, lines_sent);
}

TEST_P(LineServerTest, ManyLinesAtOnceAreTakenByTurns) {
  constexpr int kLines = 1'000;
  std::string lines;
  for (int i = 1; i <= kLines; ++i) absl::StrAppend(&lines, "report web/w1 up reporter=flood seq=", i, "\n");
  Peer flood = Connect();
  Peer other = Connect();
  RunUntil([&] { return server_->connections() == 2; });
  // Rather more than one turn takes, all in the kernel's buffer.
  flood.Send(lines);
  other.Send("report web/w1 down reporter=calm\n");
  uint64_t seen = 0;
  uint64_t most = 0;
  std::string answers;
  RunUntil([&] {
    const uint64_t reports = table_.reports_accepted();
    most = std::max(most, reports - std::exchange(seen, reports));
    answers += flood.Receive();
    return answers.size() == 3 * kLines;
  });
  // A share as they come, and what a turn takes of those that wait; and the other's.
  EXPECT_LE(most, static_cast<uint64_t>(ReportTurns::kShare + ReportTurns::kReportsATurn + 1));
  EXPECT_EQ(table_.reports_accepted(), kLines + 1u);  // in their order: had one passed another, that were stale
  EXPECT_EQ(ReceiveLines(other, 1), "ok\n");
}

TEST_P(LineServerTest, AClientThatGoesWhileItsLinesWaitLeavesNothing) {
  std::string lines;
  for (int line = 0; line < 400; ++line) lines += "report web/w1 up reporter=flood\n";
  Peer other = Connect();
  const auto come_and_go = [&] {
    for (int i = 0; i < 10; ++i) {
      Peer client = Connect();
      client.Send(lines);
      const uint64_t before = table_.reports_accepted();
      RunUntil([&] { return table_.reports_accepted() > before; });
      client.Reset();
    }
    RunUntil([&] { return server_->connections() == 1; });
    EXPECT_EQ(Ask(other, "report web/w1 up reporter=a\n"), "ok\n");
  };
  come_and_go();
  NoteBlocksOfAnIdleLoop();
  come_and_go();
  EXPECT_LE(BlocksHeld(), 1);  // what io_uring keeps ready varies by one
}

TEST_P(LineServerTest, AClientThatGoesAwayInTheMiddleLeavesNothing) {
  Peer warm_up = Connect();
  Ask(warm_up, "help\n");
  NoteBlocksOfAnIdleLoop();
  Peer client = Connect();
  for (int i = 0; i < 200; ++i) client.Send("help\n");
  client.Reset();
  RunUntil([&] { return server_->connections() == 1; });
  EXPECT_EQ(BlocksHeld(), 0);
}

TEST_P(LineServerTest, IdleConnectionsHoldNoBuffers) {
  Peer warm_up = Connect();
  Ask(warm_up, "help\n");
  NoteBlocksOfAnIdleLoop();
  std::vector<Peer> clients;
  for (int i = 0; i < 20; ++i) {
    clients.push_back(Connect());
    Ask(clients.back(), "help\n");
  }
  EXPECT_EQ(BlocksHeld(), 0);
}

TEST_P(LineServerTest, OneConnectionTooManyIsToldSo) {
  std::vector<Peer> clients;
  for (size_t i = 0; i < LineServer::kMaxConnections; ++i) {
    clients.push_back(Connect());
    if (i % 100 == 0) RunWhatIsDue();
  }
  RunUntil([&] { return server_->connections() == LineServer::kMaxConnections; });
  Peer one_more = Connect();
  EXPECT_THAT(ReceiveLines(one_more, 1), StartsWith("error too many connections"));
  clients.pop_back();
  RunUntil([&] { return server_->connections() < LineServer::kMaxConnections; });
  Peer next = Connect();
  EXPECT_EQ(Ask(next, "report web/w1 up reporter=a\n"), "ok\n");
}

TEST_P(LineServerTest, AUnixSocketIsForItsOwnerAloneAndIsRemovedAtTheEnd) {
  const std::string path = directory_ + "/owner.sock";
  Listen({Parse("unix:" + path)});
  struct stat status;
  ASSERT_EQ(stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600);
  server_.reset();
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_P(LineServerTest, AUnixSocketThatIsAnothersByNowStays) {
  const std::string path = directory_ + "/other.sock";
  Listen({Parse("unix:" + path)});
  std::filesystem::remove(path);
  auto other = LineServer::Listen(loop_.get(), &table_, Actions(), std::vector{Parse("unix:" + path)});
  ASSERT_TRUE(other.ok());
  server_.reset();
  EXPECT_TRUE(std::filesystem::exists(path));
}

TEST_P(LineServerTest, RefusesAddressesThatOtherMachinesCouldReach) {
  for (const char* address : {"0.0.0.0:0", "[::]:0", "10.0.0.1:9000", "[::ffff:127.0.0.1]:9000"}) {
    auto server = LineServer::Listen(loop_.get(), &table_, Actions(), std::vector{Parse(address)});
    EXPECT_EQ(server.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(server.status().message()), HasSubstr(address));
    EXPECT_THAT(std::string(server.status().message()), HasSubstr("use a loopback address"));
  }
}

TEST_P(LineServerTest, AnAddressThatIsTakenFailsAndLeavesNothing) {
  const std::string path = directory_ + "/taken.sock";
  auto server =
      LineServer::Listen(loop_.get(), &table_, Actions(), std::vector{Parse("unix:" + path), server_->addresses()[0]});
  EXPECT_FALSE(server.ok());
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_P(LineServerTest, AnswersALineOfVerbsAsHAProxyDoesAndCloses) {
  Peer client = Connect();
  client.Send("set server web/w1 state drain; get weight web/w1;show servers state nowhere\n");
  AnswerLast(1, "");
  AnswerLast(2, "7 (initial 9)");
  EXPECT_EQ(ReceiveAll(client), "\n7 (initial 9)\n\nCan't find backend.\n\n");
  EXPECT_EQ(server_->connections(), 0);
  EXPECT_EQ(asked_[0].text, "set server web/w1 state drain");
  EXPECT_THAT(forgotten_, testing::IsEmpty());
}

TEST_P(LineServerTest, TakesVerbsInWhateverPiecesTheyComeAndSeveralLinesInOne) {
  answer_at_once_ = "";
  Peer client = Connect();
  for (char c : std::string_view("get weight web/w1; enable server web/w1\r")) {
    client.Send({&c, 1});
    RunWhatIsDue();
  }
  // What has come by the end of a line is answered, too.
  client.Send("\nset weight web/w1");
  RunWhatIsDue();
  client.Send(" 5\n");
  EXPECT_EQ(ReceiveAll(client), "\n\n\n");
}

TEST_P(LineServerTest, InInteractiveModeTheConnectionStaysAndShowsAPrompt) {
  answer_at_once_ = "";
  Peer client = Connect();
  client.Send("prompt\n");
  EXPECT_EQ(ReceiveLines(client, 1), "\n> ");
  client.Send("set server web/w1 state ready\n");
  EXPECT_EQ(ReceiveLines(client, 1), "\n> ");
  client.Send("set server web/w1 state redy\n");
  EXPECT_EQ(ReceiveLines(client, 2), "'set server <srv> state' expects 'ready', 'drain' and 'maint'.\n\n> ");
  client.Send("\n");
  EXPECT_EQ(ReceiveLines(client, 1), "\n> ");
  client.Send("report web/w1 up reporter=a\n");
  EXPECT_EQ(ReceiveLines(client, 2), "ok\n\n> ");
  client.Send("get weight web/w1; prompt\n");
  EXPECT_EQ(ReceiveAll(client), "\n> \n");
}

TEST_P(LineServerTest, QuitEndsInteractiveModeWithoutAWord) {
  for (const char* line : {"prompt; quit; set weight web/w1 5\n", "prompt\nquit\n"}) {
    Peer client = Connect();
    client.Send(line);
    EXPECT_EQ(ReceiveAll(client), "\n> ");
  }
  EXPECT_THAT(asked_, testing::IsEmpty());
}

TEST_P(LineServerTest, LinesAfterAVerbWaitForItsAnswer) {
  Peer client = Connect();
  client.Send("set weight web/w1 5\nreport web/w1 down reporter=a\nset weight web/w1 6\n");
  RunUntil([&] { return asked_.size() == 1; });
  RunWhatIsDue();
  EXPECT_EQ(table_.Find("web", "w1")->health, Health::kUnknown);
  AnswerLast(1, "");
  AnswerLast(2, "No such server.");
  EXPECT_EQ(ReceiveAll(client), "\nok\nNo such server.\n\n");
  EXPECT_EQ(table_.Find("web", "w1")->health, Health::kDown);
}

TEST_P(LineServerTest, WhatWasAskedForBeforeTheClientShutItsSideIsAnswered) {
  Peer client = Connect();
  client.Send("set weight web/w1 5; set weight web/w1 6\n");
  client.ShutdownSend();
  AnswerLast(1, "");
  AnswerLast(2, "");
  EXPECT_EQ(ReceiveAll(client), "\n\n");
}

TEST_P(LineServerTest, AVerbIsForWhomTheConnectionProvesToBe) {
  answer_at_once_.reset();
  const std::string path = directory_ + "/verbs.sock";
  Listen({Parse("unix:" + path)});
  Peer client = Connect();
  client.Send("auth secret\nget weight web/w1\n");
  AnswerLast(1, "1 (initial 1)");
  EXPECT_EQ(ReceiveAll(client), "ok\n1 (initial 1)\n\n");
  EXPECT_EQ(asked_[0].who, absl::StrCat("a token, unix user ", geteuid()));
}

TEST_P(LineServerTest, AVerbWhoseConnectionEndsIsForgotten) {
  Peer client = Connect();
  client.Send("set weight web/w1 5\n");
  RunUntil([&] { return asked_.size() == 1; });
  server_.reset();
  EXPECT_THAT(forgotten_, testing::ElementsAre(1));
}

TEST_P(LineServerTest, AListOfManyServersWaitsForWhoReadsIt) {
  auto backend = std::make_shared<config::Backend>();
  config::BackendSettings settings;
  settings.id = "web";
  backend->settings = std::make_shared<const config::BackendSettings>(settings);
  for (int i = 0; i < 50'000; ++i) {
    auto server = base::MakeCounted<config::Server>();
    server->id = absl::StrCat("server-", i);
    server->address = Parse("127.0.0.1:80");
    backend->servers.PushBack(std::move(server));
  }
  auto snapshot = std::make_shared<config::Snapshot>();
  snapshot->backends.PushBack(std::move(backend));
  snapshot_ = std::move(snapshot);
  Listen({Parse("unix:" + directory_ + "/list.sock")});
  Peer warm_up = Connect();
  Ask(warm_up, "help\n");
  NoteBlocksOfAnIdleLoop();
  Peer slow = Connect();
  slow.Send("show servers state\n");
  for (int i = 0; i < 100; ++i) RunWhatIsDue();
  EXPECT_LE(BlocksHeld(), 16);
  Peer other = Connect();
  EXPECT_EQ(Ask(other, "report web/w1 up reporter=a\n"), "ok\n");
  const std::string told = ReceiveAll(slow);
  EXPECT_EQ(std::count(told.begin(), told.end(), '\n'), 50'003);
  EXPECT_THAT(told, EndsWith(" server-49999 127.0.0.1 2 0 1 1 0 1 0 2 0 0 0 0 - 80 - 0 0 - - 0\n\n"));
}

TEST_P(LineServerTest, AFloodOfBadVerbsIsAnsweredAndHarmsNobody) {
  Peer flood = Connect();
  std::string lines = "prompt\n";
  for (int i = 0; i < 500; ++i) lines += "set server web/w1 state mant;show info\n";
  flood.Send(lines);
  Peer other = Connect();
  EXPECT_EQ(Ask(other, "report web/w1 up reporter=a\n"), "ok\n");
  size_t prompts = 0;
  RunUntil([&] {
    const std::string received = flood.Receive();
    prompts += static_cast<size_t>(std::count(received.begin(), received.end(), '>'));
    return prompts >= 1'501;  // "<srv>" has one, too
  });
  EXPECT_EQ(prompts, 1'501);
}

INSTANTIATE_FOR_ALL_BACKENDS(LineServerTest);

}  // namespace
}  // namespace fairlead::health
