#include "prober/command_attempt.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string_view>
#include <system_error>
#include <utility>

#include "api/yaml/concat.h"

namespace fairlead::prober {
namespace {

// The prober's own environment, and what is said of the target.
std::vector<std::string> MakeEnvironment(const Target& target) {
  std::vector<std::string> variables;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    if (!std::string_view(*variable).starts_with("FAIRLEAD_")) variables.emplace_back(*variable);
  }
  const std::string address = target.address.ToString();
  variables.push_back("FAIRLEAD_BACKEND=" + target.backend);
  variables.push_back("FAIRLEAD_SERVER=" + target.server);
  variables.push_back("FAIRLEAD_ADDRESS=" + address);
  if (target.address.family() == AF_UNIX) return variables;
  std::string host = address.substr(0, address.rfind(':'));
  if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
  variables.push_back("FAIRLEAD_HOST=" + host);
  variables.push_back(api::Concat("FAIRLEAD_PORT=", target.address.port()));
  return variables;
}

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

// How a program is started: in a group of its own, with the signals that programs expect, and no descriptor of ours.
class SpawnSettings {
 public:
  SpawnSettings() {
    posix_spawnattr_init(&attributes_);
    posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setpgroup(&attributes_, 0);
    sigset_t signals;
    sigemptyset(&signals);
    posix_spawnattr_setsigmask(&attributes_, &signals);
    sigaddset(&signals, SIGPIPE);
    posix_spawnattr_setsigdefault(&attributes_, &signals);
    posix_spawn_file_actions_init(&actions_);
    for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
      posix_spawn_file_actions_addopen(&actions_, fd, "/dev/null", fd == STDIN_FILENO ? O_RDONLY : O_WRONLY, 0);
    }
    posix_spawn_file_actions_addclosefrom_np(&actions_, STDERR_FILENO + 1);
  }
  ~SpawnSettings() {
    posix_spawnattr_destroy(&attributes_);
    posix_spawn_file_actions_destroy(&actions_);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;

  const posix_spawnattr_t* attributes() const { return &attributes_; }
  const posix_spawn_file_actions_t* actions() const { return &actions_; }

 private:
  posix_spawnattr_t attributes_;
  posix_spawn_file_actions_t actions_;
};

}  // namespace

void Commands::OnChildSignal() {
  for (auto next = running_.begin(); next != running_.end();) {
    CommandAttempt* const attempt = next->second;
    ++next;  // the attempt takes itself out
    attempt->Look();
  }
  std::erase_if(dying_, [](pid_t pid) { return waitpid(pid, nullptr, WNOHANG) != 0; });
}

void Commands::Abandon(pid_t pid) {
  running_.erase(pid);
  kill(-pid, SIGKILL);
  if (waitpid(pid, nullptr, WNOHANG) == 0) dying_.insert(pid);
}

CommandAttempt::CommandAttempt(event::Loop* loop, Commands* commands, const Target& target,
                               std::shared_ptr<const CheckSettings> owner, OnOutcome on_outcome)
    : Attempt(loop, std::move(on_outcome)), commands_(commands), owner_(std::move(owner)) {
  Start(target, std::get<CommandSettings>(owner_->kind));
}

CommandAttempt::~CommandAttempt() {
  if (pid_ != 0) commands_->Abandon(pid_);
}

void CommandAttempt::Start(const Target& target, const CommandSettings& settings) {
  std::vector<std::string> arguments = settings.argv;
  std::vector<std::string> variables = MakeEnvironment(target);
  const SpawnSettings spawn;
  const int error = posix_spawnp(&pid_, arguments[0].c_str(), spawn.actions(), spawn.attributes(),
                                 Pointers(arguments).data(), Pointers(variables).data());
  if (error != 0) {
    pid_ = 0;
    return Finish(false, api::Concat(arguments[0], ": ", std::generic_category().message(error)));
  }
  commands_->running_[pid_] = this;
}

void CommandAttempt::Look() {
  siginfo_t info = {};
  // Looked at, not reaped: its number stays its own until its group is killed.
  if (waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == 0) return;
  kill(-pid_, SIGKILL);
  int status = 0;
  waitpid(pid_, &status, 0);
  commands_->running_.erase(std::exchange(pid_, 0));
  Finish(status == 0, status == 0 ? "exit code 0" : DescribeExit(status));
}

std::string DescribeExit(int status) {
  if (WIFSIGNALED(status)) return api::Concat("killed by signal ", WTERMSIG(status));
  return api::Concat("exit code ", WEXITSTATUS(status), ", 0 wanted");
}

}  // namespace fairlead::prober
