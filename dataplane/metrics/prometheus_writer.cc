#include "dataplane/metrics/prometheus_writer.h"

#include <charconv>
#include <utility>

namespace fairlead::metrics {

namespace {

// With a backslash before each character of `special`, and line feeds as \n.
void AppendEscaped(std::string* out, std::string_view text, std::string_view special) {
  for (char c : text) {
    if (c == '\n') {
      out->append("\\n");
      continue;
    }
    if (special.find(c) != special.npos) out->push_back('\\');
    out->push_back(c);
  }
}

template <typename Number>
void AppendNumber(std::string* out, Number number) {
  char digits[32];  // of the shortest form of any double
  out->append(digits, std::to_chars(digits, digits + sizeof digits, number).ptr - digits);
}

std::string_view ToString(MetricType type) {
  switch (type) {
    case MetricType::kCounter:
      return "counter";
    case MetricType::kGauge:
      return "gauge";
    case MetricType::kHistogram:
      return "histogram";
  }
  return "";
}

}  // namespace

void PrometheusWriter::BeginFamily(std::string_view name, std::string_view help, MetricType type) {
  name_ = name;
  out_->append("# HELP ").append(name).append(" ");
  AppendEscaped(out_, help, "\\");
  out_->append("\n# TYPE ").append(name).append(" ").append(ToString(type)).append("\n");
}

void PrometheusWriter::Write(std::initializer_list<Label> labels, uint64_t value) {
  Write(std::span(labels.begin(), labels.size()), value);
}

void PrometheusWriter::Write(std::initializer_list<Label> labels, double value) {
  Write(std::span(labels.begin(), labels.size()), value);
}

void PrometheusWriter::Write(std::span<const Label> labels, double value) {
  WriteSeries("", labels, nullptr);
  AppendNumber(out_, value);
  out_->push_back('\n');
}

void PrometheusWriter::Write(std::span<const Label> labels, uint64_t value) {
  WriteSeries("", labels, nullptr);
  AppendNumber(out_, value);
  out_->push_back('\n');
}

void PrometheusWriter::Write(std::span<const Label> labels, Label last, uint64_t value) {
  WriteSeries("", labels, &last);
  AppendNumber(out_, value);
  out_->push_back('\n');
}

void PrometheusWriter::Write(std::span<const Label> labels, const HistogramSum& histogram) {
  uint64_t count = 0;
  for (size_t bucket = 0; bucket < histogram.counts.size(); ++bucket) {
    count += histogram.counts[bucket];
    const Label bound = {"le", Histogram::kLabels[bucket]};
    WriteSeries("_bucket", labels, &bound);
    AppendNumber(out_, count);
    out_->push_back('\n');
  }
  WriteSeries("_sum", labels, nullptr);
  AppendNumber(out_, static_cast<double>(histogram.sum_us) / 1e6);
  out_->push_back('\n');
  WriteSeries("_count", labels, nullptr);
  AppendNumber(out_, count);
  out_->push_back('\n');
}

void PrometheusWriter::WriteSeries(std::string_view suffix, std::span<const Label> labels, const Label* last) {
  out_->append(name_).append(suffix);
  char before = '{';
  for (const Label& label : labels) WriteLabel(label, std::exchange(before, ','));
  if (last != nullptr) WriteLabel(*last, std::exchange(before, ','));
  if (before == ',') out_->push_back('}');
  out_->push_back(' ');
}

void PrometheusWriter::WriteLabel(const Label& label, char before) {
  out_->push_back(before);
  out_->append(label.name).append("=\"");
  AppendEscaped(out_, label.value, "\\\"");
  out_->push_back('"');
}

}  // namespace fairlead::metrics
