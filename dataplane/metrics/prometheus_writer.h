#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace fairlead::metrics {

enum class MetricType : uint8_t { kCounter, kGauge };

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

  // `name` lives until the next family. A counter's ends in "_total"; `help` is one sentence for people.
  void BeginFamily(std::string_view name, std::string_view help, MetricType type);

  // A sample of the family. Seconds are doubles, and finite.
  void Write(std::initializer_list<Label> labels, uint64_t value);
  void Write(std::initializer_list<Label> labels, double value);

 private:
  void WriteLabels(std::initializer_list<Label> labels);

  std::string* const out_;
  std::string_view name_;
};

}  // namespace fairlead::metrics
