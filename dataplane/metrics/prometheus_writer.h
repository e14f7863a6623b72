#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

#include "dataplane/metrics/histogram.h"

namespace fairlead::metrics {

enum class MetricType : uint8_t { kCounter, kGauge, kHistogram };

struct Label {
  std::string_view name;
  std::string_view value;  // UTF-8
};

// Writes Prometheus' text format, version 0.0.4: families one after another, each begun once and followed by its
// samples. It is the caller's part to name no family twice, and no two samples of a family with equal labels. Appends
// to a string of the caller, who may empty it at any time. For one thread.
//
//   PrometheusWriter writer(&text);
//   writer.BeginFamily("fairlead_requests_total", "Requests received.", MetricType::kCounter);
//   writer.Write({{"worker", "0"}}, uint64_t{12});
class PrometheusWriter {
 public:
  // What an HTTP response says that its body is.
  static constexpr std::string_view kContentType = "text/plain; version=0.0.4; charset=utf-8";

  explicit PrometheusWriter(std::string* out) : out_(out) {}

  // `name` lives until the next family. A counter's ends in "_total", a histogram's in "_seconds"; `help` is one
  // sentence for people.
  void BeginFamily(std::string_view name, std::string_view help, MetricType type);

  // A sample of the family. Seconds are doubles, and finite.
  void Write(std::initializer_list<Label> labels, uint64_t value);
  void Write(std::initializer_list<Label> labels, double value);
  void Write(std::span<const Label> labels, uint64_t value);
  void Write(std::span<const Label> labels, double value);
  void Write(std::span<const Label> labels, Label last, uint64_t value);
  // All samples of one of the family's histograms: buckets, sum and count.
  void Write(std::span<const Label> labels, const HistogramSum& histogram);

 private:
  // `suffix` belongs to the name; `last` may be null.
  void WriteSeries(std::string_view suffix, std::span<const Label> labels, const Label* last);
  void WriteLabel(const Label& label, char before);

  std::string* const out_;
  std::string_view name_;
};

}  // namespace fairlead::metrics
