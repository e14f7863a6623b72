#include "dataplane/metrics/prometheus_writer.h"

#include <charconv>

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

}  // namespace

void PrometheusWriter::BeginFamily(std::string_view name, std::string_view help, MetricType type) {
  name_ = name;
  out_->append("# HELP ").append(name).append(" ");
  AppendEscaped(out_, help, "\\");
  out_->append("\n# TYPE ").append(name).append(type == MetricType::kCounter ? " counter\n" : " gauge\n");
}

void PrometheusWriter::Write(std::initializer_list<Label> labels, uint64_t value) {
  WriteLabels(labels);
  AppendNumber(out_, value);
  out_->push_back('\n');
}

void PrometheusWriter::Write(std::initializer_list<Label> labels, double value) {
  WriteLabels(labels);
  AppendNumber(out_, value);
  out_->push_back('\n');
}

void PrometheusWriter::WriteLabels(std::initializer_list<Label> labels) {
  out_->append(name_);
  char separator = '{';
  for (const Label& label : labels) {
    out_->push_back(separator);
    out_->append(label.name).append("=\"");
    AppendEscaped(out_, label.value, "\\\"");
    out_->push_back('"');
    separator = ',';
  }
  if (labels.size() > 0) out_->push_back('}');
  out_->push_back(' ');
}

}  // namespace fairlead::metrics
