#pragma once

#include <sys/types.h>

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "prober/attempt.h"
#include "prober/check_settings.h"
#include "prober/target.h"

namespace fairlead::prober {

class CommandAttempt;

// The programs that run now. The loop's owner tells of SIGCHLD; they are looked at one by one, since signals of several
// may come as one. On the loop's thread.
class Commands {
 public:
  // The kernel has said that some child has changed.
  void OnChildSignal();
  // Those that were killed and have not ended yet included.
  size_t running() const { return running_.size() + dying_.size(); }

 private:
  friend class CommandAttempt;

  // Takes over a program whose check is over: it is killed, and reaped when it has ended, which a program that hangs in
  // the kernel may take its time for.
  void Abandon(pid_t pid);

  std::map<pid_t, CommandAttempt*> running_;
  std::set<pid_t> dying_;
};

// v1::CommandCheck.
class CommandAttempt final : public Attempt {
 public:
  // `commands` outlive it.
  CommandAttempt(event::Loop* loop, Commands* commands, const Target& target,
                 std::shared_ptr<const CheckSettings> owner, OnOutcome on_outcome);
  // Kills the program and all of its group, if it runs.
  ~CommandAttempt() override;

  std::string_view stage() const override { return "exit"; }

 private:
  friend class Commands;

  void Start(const Target& target, const CommandSettings& settings);
  // It may have ended.
  void Look();

  Commands* const commands_;
  const std::shared_ptr<const CheckSettings> owner_;
  pid_t pid_ = 0;  // 0: none runs
};

// "exit code 2, 0 wanted", "killed by signal 9"; of what waitpid tells.
std::string DescribeExit(int status);

}  // namespace fairlead::prober
