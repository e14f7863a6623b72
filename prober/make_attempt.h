#pragma once

#include <memory>

#include "dataplane/event/loop.h"
#include "prober/attempt.h"
#include "prober/check_settings.h"
#include "prober/command_attempt.h"
#include "prober/target.h"

namespace fairlead::prober {

// Begins a check of the kind that the settings name. `loop` and `commands` outlive it.
std::unique_ptr<Attempt> MakeAttempt(event::Loop* loop, Commands* commands, const Target& target,
                                     std::shared_ptr<const CheckSettings> settings, Attempt::OnOutcome on_outcome);

}  // namespace fairlead::prober
