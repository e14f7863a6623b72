// Makes TLS handshakes with a server, as many as it gets done or so many a second, and says how long they took.
//
//   handshaker --address=127.0.0.1:8443 --seconds=5 [--rate=500] [--concurrency=8] [--resume] [--version=1.2]
//
// One thread. Without --rate each of `concurrency` connections begins its next handshake when the last is done; with it
// one begins every 1/rate seconds, whatever becomes of those before. A handshake is followed by the connection's end.
// With --resume each connection resumes the session that the first one left. Prints a line of JSON.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

struct Options {
  sockaddr_in address{};
  double seconds = 5;
  double rate = 0;
  int concurrency = 8;
  bool resume = false;
  int version = TLS1_3_VERSION;
};

[[noreturn]] void Die(const char* what) {
  std::fprintf(stderr, "handshaker: %s\n", what);
  std::exit(2);
}

Options ParseOptions(int argc, char** argv) {
  Options options;
  options.address.sin_family = AF_INET;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    const size_t equals = argument.find('=');
    const std::string_view name = argument.substr(0, equals);
    const std::string value(equals == std::string_view::npos ? "" : argument.substr(equals + 1));
    if (name == "--address") {
      const size_t colon = value.rfind(':');
      if (colon == std::string::npos ||
          inet_pton(AF_INET, value.substr(0, colon).c_str(), &options.address.sin_addr) != 1) {
        Die("--address is IPv4:port");
      }
      options.address.sin_port = htons(static_cast<uint16_t>(std::atoi(value.c_str() + colon + 1)));
    } else if (name == "--seconds") {
      options.seconds = std::atof(value.c_str());
    } else if (name == "--rate") {
      options.rate = std::atof(value.c_str());
    } else if (name == "--concurrency") {
      options.concurrency = std::atoi(value.c_str());
    } else if (name == "--resume") {
      options.resume = true;
    } else if (name == "--version") {
      if (value != "1.2" && value != "1.3") Die("--version is 1.2 or 1.3");
      options.version = value == "1.2" ? TLS1_2_VERSION : TLS1_3_VERSION;
    } else {
      Die("known are --address, --seconds, --rate, --concurrency, --resume and --version");
    }
  }
  if (options.address.sin_port == 0) Die("--address is missing");
  return options;
}

// One connection, from its beginning to the end of its handshake.
class Connection {
 public:
  Connection(const Options& options, SSL_CTX* context, SSL_SESSION* session, int epoll)
      : begin_(Clock::now()),
        fd_(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)),
        tls_(SSL_new(context)) {
    if (fd_ < 0 || tls_ == nullptr) Die("no descriptor or no memory");
    connect(fd_, reinterpret_cast<const sockaddr*>(&options.address), sizeof(options.address));
    SSL_set_fd(tls_, fd_);
    SSL_set_tlsext_host_name(tls_, "localhost");
    SSL_set_connect_state(tls_);
    if (session != nullptr) {
      // A copy: OpenSSL uses a session of TLS 1.3 only once.
      SSL_SESSION* const copy = SSL_SESSION_dup(session);
      SSL_set_session(tls_, copy);
      SSL_SESSION_free(copy);
    }
    epoll_event event{.events = EPOLLIN | EPOLLOUT | EPOLLET, .data = {.ptr = this}};
    epoll_ctl(epoll, EPOLL_CTL_ADD, fd_, &event);
  }
  ~Connection() {
    // The session is not made worthless by how its connection ends.
    SSL_set_shutdown(tls_, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    SSL_free(tls_);
    const linger reset{.l_onoff = 1, .l_linger = 0};  // else ports run out
    setsockopt(fd_, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
    close(fd_);
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  enum class State { kUnderWay, kDone, kFailed };
  // `wants_session`: it is done only once a ticket has come.
  State Step(bool wants_session, SSL_SESSION* const* session) {
    ERR_clear_error();
    if (!shaken_) {
      const int result = SSL_do_handshake(tls_);
      if (result != 1) return Judge(result);
      shaken_ = true;
      took_ = Clock::now() - begin_;
    }
    if (!wants_session || *session != nullptr) return State::kDone;
    char byte;
    const int result = SSL_read(tls_, &byte, 1);
    if (*session != nullptr) return State::kDone;
    return Judge(result);
  }
  Clock::duration took() const { return took_; }
  bool resumed() const { return SSL_session_reused(tls_) == 1; }

 private:
  State Judge(int result) const {
    const int error = SSL_get_error(tls_, result);
    return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? State::kUnderWay : State::kFailed;
  }

  const Clock::time_point begin_;
  const int fd_;
  SSL* const tls_;
  bool shaken_ = false;
  Clock::duration took_{};
};

class Run {
 public:
  explicit Run(const Options& options)
      : options_(options), epoll_(epoll_create1(EPOLL_CLOEXEC)), context_(SSL_CTX_new(TLS_client_method())) {
    SSL_CTX_set_min_proto_version(context_, options.version);
    SSL_CTX_set_max_proto_version(context_, options.version);
    SSL_CTX_set_verify(context_, SSL_VERIFY_NONE, nullptr);
    SSL_CTX_set_session_cache_mode(context_, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_set_app_data(context_, this);
    SSL_CTX_sess_set_new_cb(context_, [](SSL* tls, SSL_SESSION* session) {
      auto* run = static_cast<Run*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(tls)));
      if (!run->options_.resume || run->session_ != nullptr) return 0;
      run->session_ = session;
      return 1;
    });
  }
  ~Run() {
    SSL_SESSION_free(session_);
    SSL_CTX_free(context_);
    close(epoll_);
  }
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  void Go() {
    if (options_.resume) {
      Begin();
      RunUntil([&] { return session_ != nullptr || failed_ > 0; });
      if (session_ == nullptr) Die("the server left no session to resume");
      took_.clear();
    }
    const Clock::time_point begin = Clock::now();
    const Clock::time_point end = begin + Seconds(options_.seconds);
    if (options_.rate > 0) {
      int64_t begun = 0;
      RunUntil([&] {
        for (; Clock::now() >= begin + Seconds(begun / options_.rate); ++begun) Begin();
        return Clock::now() >= end;
      });
    } else {
      RunUntil([&] {
        while (under_way_ < options_.concurrency) Begin();
        return Clock::now() >= end;
      });
    }
    Print(std::chrono::duration<double>(Clock::now() - begin).count());
  }

 private:
  static Clock::duration Seconds(double seconds) {
    return std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
  }

  void Begin() {
    ++under_way_;
    new Connection(options_, context_, session_, epoll_);
  }

  template <typename Condition>
  void RunUntil(Condition is_over) {
    while (!is_over()) {
      epoll_event events[64];
      const int count = epoll_wait(epoll_, events, 64, 1);
      for (int i = 0; i < count; ++i) {
        auto* const connection = static_cast<Connection*>(events[i].data.ptr);
        const Connection::State state = connection->Step(options_.resume, &session_);
        if (state == Connection::State::kUnderWay) continue;
        if (state == Connection::State::kFailed) {
          ++failed_;
        } else {
          took_.push_back(connection->took());
          resumed_ += connection->resumed() ? 1 : 0;
        }
        --under_way_;
        delete connection;
      }
    }
  }

  void Print(double seconds) {
    std::sort(took_.begin(), took_.end());
    const auto quantile_us = [&](double quantile) -> double {
      if (took_.empty()) return 0;
      const auto index = static_cast<size_t>(quantile * static_cast<double>(took_.size() - 1));
      return std::chrono::duration<double, std::micro>(took_[index]).count();
    };
    std::printf(
        "{\"handshakes\": %zu, \"resumed\": %d, \"failed\": %d, \"seconds\": %.3f, \"p50_us\": %.0f, \"p99_us\": "
        "%.0f}\n",
        took_.size(), resumed_, failed_, seconds, quantile_us(0.5), quantile_us(0.99));
  }

  const Options options_;
  const int epoll_;
  SSL_CTX* const context_;
  SSL_SESSION* session_ = nullptr;
  std::vector<Clock::duration> took_;
  int resumed_ = 0;
  int failed_ = 0;
  int under_way_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  Run(ParseOptions(argc, argv)).Go();
  return 0;
}
