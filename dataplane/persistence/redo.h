#pragma once

#include <memory>
#include <string>

#include "fairlead/v1/transaction.pb.h"

namespace fairlead::persistence {

// A transaction whose snapshot left much as it was, as operations on what differs: those resources that `undo` names
// (the operations that lead back, serialised). The transaction itself where that is not much less.
std::shared_ptr<const v1::Transaction> MakeRedo(std::shared_ptr<const v1::Transaction> whole, const std::string& undo);

}  // namespace fairlead::persistence
