#pragma once

#include <cstdint>
#include <string>

namespace fairlead::controlplane_mock {

// Names transactions "mock-PREFIX-1", "mock-PREFIX-2", …: no id comes twice while the process lives, and the prefix
// keeps those of one process from those of the one before. Owned by the Controller, for its thread.
class TransactionIds {
 public:
  explicit TransactionIds(std::string prefix);
  // With a prefix drawn at random.
  static TransactionIds WithRandomPrefix();

  std::string Next();

 private:
  std::string prefix_;
  uint64_t last_ = 0;
};

}  // namespace fairlead::controlplane_mock
