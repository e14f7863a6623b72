#include "dataplane/http/h2/priority_field.h"

#include <gtest/gtest.h>

namespace fairlead::http::h2 {
namespace {

TEST(PriorityField, HasUrgencyAndIncremental) {
  EXPECT_EQ(ParsePriority(""), (Priority{.urgency = 3, .incremental = false}));
  EXPECT_EQ(ParsePriority("u=0"), (Priority{.urgency = 0}));
  EXPECT_EQ(ParsePriority("u=7, i"), (Priority{.urgency = 7, .incremental = true}));
  EXPECT_EQ(ParsePriority("i=?1,u=1"), (Priority{.urgency = 1, .incremental = true}));
  EXPECT_EQ(ParsePriority("i, i=?0"), (Priority{}));
  EXPECT_EQ(ParsePriority("u=1, u=5;x=y"), (Priority{.urgency = 5}));
}

TEST(PriorityField, IgnoresWhatItDoesNotKnow) {
  for (const char* value : {"u=8", "u=-1", "u=10", "u", "u=\"1\"", "i=1", "I", "U=1", "x=y", ",,", "u = 1", "u=1.0"}) {
    EXPECT_EQ(ParsePriority(value), Priority()) << value;
  }
}

}  // namespace
}  // namespace fairlead::http::h2
