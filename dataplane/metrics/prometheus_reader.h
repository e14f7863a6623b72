#pragma once

#include <map>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace fairlead::metrics {

// What a page in Prometheus' text format says, for tests.
struct PrometheusPage {
  struct Family {
    std::string help;
    std::string type;
    // By the labels as written, `{backend="web",server="w1"}`; empty where there are none. Of a histogram with what
    // follows the family's name before them: `_count{backend="web"}`.
    std::map<std::string, double> samples;
  };
  std::map<std::string, Family> families;

  // NaN where there is no such sample.
  double Get(const std::string& family, const std::string& labels = "") const;
};

// Reads a page as strictly as `promtool check metrics` and beyond: HELP and TYPE before the samples, each once,
// families in one piece, no series twice, counters (and only they) end in _total, histograms whole and consistent, help
// that is not empty, no white space but single spaces, a line feed at the end. Other comments are passed over.
// INVALID_ARGUMENT names the line.
absl::StatusOr<PrometheusPage> ReadPrometheusPage(std::string_view text);

}  // namespace fairlead::metrics
