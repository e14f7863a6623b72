#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "dataplane/control/test_support.h"

namespace fairlead::control {

// A transaction against kSmallState, and all that is wrong with it.
struct ViolationCase {
  const char* name;
  const char* transaction;
  std::vector<std::string> violations;
};

inline std::ostream& operator<<(std::ostream& out, const ViolationCase& c) { return out << c.name; }

// For INSTANTIATE_TEST_SUITE_P.
inline std::string NameOf(const testing::TestParamInfo<ViolationCase>& info) { return info.param.name; }

// It is refused with every reason, and changes nothing.
inline void ExpectRefused(const ViolationCase& c) {
  CompiledState state(kSmallState);
  const std::shared_ptr<const config::Snapshot> before = state.store().snapshot();
  EXPECT_THAT(state.Try(ParseTransaction(c.transaction)), testing::UnorderedElementsAreArray(c.violations));
  EXPECT_EQ(state.store().snapshot(), before);
}

}  // namespace fairlead::control
