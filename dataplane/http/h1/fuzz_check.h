#pragma once

#include <cstdio>
#include <cstdlib>

namespace fairlead::http::h1 {

// Ends a fuzz target's run, with the property that does not hold.
inline void Check(bool holds, const char* property) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", property);
  std::abort();
}

}  // namespace fairlead::http::h1
