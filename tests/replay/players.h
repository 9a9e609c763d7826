// Each holds a recorded conversation again with one of ours in the place of the real program, and tells the
// differences. Called by replay_test.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tests/replay/comparison.h"
#include "tests/replay/recording.h"

namespace hoop::replay {

// Nullopt: the recording shows nothing of this program.
using Played = std::optional<std::vector<Difference>>;

// The recorded clients and agents say what they said then; time passes as it did.
Played PlayGateway(const Recording& recording);

// The recorded gateways say what they said; services like the recorded ones stand behind our agent.
Played PlayAgent(const Recording& recording);

// The recorded gateways say what they said; programs at the listener and a command's user do what they did.
Played PlayClient(const Recording& recording);

}  // namespace hoop::replay
