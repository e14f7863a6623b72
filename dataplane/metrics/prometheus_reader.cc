#include "dataplane/metrics/prometheus_reader.h"

#include <charconv>
#include <cmath>
#include <limits>
#include <set>
#include <system_error>
#include <utility>

#include "dataplane/base/absl_strings.h"
#include "dataplane/base/utf8.h"

namespace fairlead::metrics {

namespace {

// Takes one line apart, from the left; each function returns false where the line is not as it should be.
class LineReader {
 public:
  explicit LineReader(std::string_view line) : rest_(line) {}

  std::string_view rest() const { return rest_; }
  bool AtEnd() const { return rest_.empty(); }

  bool Take(std::string_view text) {
    if (rest_.substr(0, text.size()) != text) return false;
    rest_.remove_prefix(text.size());
    return true;
  }

  // [a-zA-Z_][a-zA-Z0-9_]*: colons are for recording rules.
  bool TakeName(std::string* name) {
    size_t size = 0;
    while (size < rest_.size() && IsNameCharacter(rest_[size], size > 0)) ++size;
    *name = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return size > 0;
  }

  // {name="value",...}, or nothing; as written, with no name twice.
  bool TakeLabels(std::string* labels) {
    const std::string_view start = rest_;
    if (!Take("{")) return true;
    std::set<std::string> names;
    do {
      std::string name;
      if (!TakeName(&name) || !names.insert(name).second || !Take("=") || !TakeQuoted()) return false;
    } while (Take(","));
    if (!Take("}")) return false;
    *labels = start.substr(0, start.size() - rest_.size());
    return true;
  }

  bool TakeNumber(double* number) {
    const char* end = rest_.data() + rest_.size();
    const auto result = std::from_chars(rest_.data(), end, *number);
    rest_ = {};
    return result.ec == std::errc() && result.ptr == end && std::isfinite(*number);
  }

 private:
  static bool IsNameCharacter(char c, bool digits) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (digits && c >= '0' && c <= '9');
  }

  bool TakeQuoted() {
    if (!Take("\"")) return false;
    while (!rest_.empty() && rest_[0] != '"') {
      if (Take("\\\\") || Take("\\\"") || Take("\\n")) continue;
      if (rest_[0] == '\\') return false;
      rest_.remove_prefix(1);
    }
    return Take("\"");
  }

  std::string_view rest_;
};

// Holds the samples of a histogram family against each other: of each series its buckets, their bounds and counts going
// up to le="+Inf", then its sum, then its count, which is what the last bucket says.
class HistogramReader {
 public:
  const char* Read(std::string_view suffix, std::string_view labels, double value) {
    if (suffix == "_bucket") {
      std::string series;
      double bound = 0;
      if (!SplitBound(labels, &series, &bound)) return "a bucket without a bound at its labels' end";
      if (Finished() && buckets_ == 0) series_ = series;
      if (series != series_ || sum_seen_) return "a bucket outside of its histogram";
      if (buckets_++ > 0 && bound <= bound_) return "bounds that do not go up";
      if (value < count_) return "counts that do not go up";
      bound_ = bound;
      count_ = value;
      return nullptr;
    }
    if (labels != series_ || !std::isinf(bound_)) return "a sum or a count without all buckets before it";
    if (suffix == "_sum" && !sum_seen_) {
      sum_seen_ = true;
      return value < 0 ? "a sum below 0" : nullptr;
    }
    if (suffix != "_count" || !sum_seen_) return "want buckets, the sum, the count";
    const bool right = value == count_;
    *this = {};
    return right ? nullptr : "a count that is not the last bucket's";
  }

  // Nothing is missing of what has begun.
  bool Finished() const { return buckets_ == 0; }

 private:
  // `{backend="web",le="0.5"}`: the labels without the bound, and the bound.
  static bool SplitBound(std::string_view labels, std::string* series, double* bound) {
    const size_t place = labels.rfind("le=\"");
    if (place == labels.npos || place == 0 || !labels.ends_with("\"}")) return false;
    const std::string_view before = labels.substr(0, place - 1);
    if (labels[place - 1] != ',' && place != 1) return false;
    *series = place == 1 ? "" : base::StrCat(before, "}");
    const std::string_view number = labels.substr(place + 4, labels.size() - place - 6);
    if (number == "+Inf") {
      *bound = std::numeric_limits<double>::infinity();
      return true;
    }
    const auto result = std::from_chars(number.data(), number.data() + number.size(), *bound);
    return result.ec == std::errc() && result.ptr == number.data() + number.size();
  }

  std::string series_;
  int buckets_ = 0;
  double bound_ = 0;
  double count_ = 0;
  bool sum_seen_ = false;
};

class PageReader {
 public:
  // Why the line is refused; null when it is not.
  const char* Read(std::string_view line) {
    if (!base::IsValidUtf8(line)) return "not UTF-8";
    LineReader reader(line);
    if (reader.Take("# HELP ")) return ReadHelp(reader);
    if (reader.Take("# TYPE ")) return ReadType(reader);
    if (reader.Take("# ")) return nullptr;
    return ReadSample(reader);
  }

  // Every family began with its help and has its type; those without samples are allowed.
  const char* Finish() const {
    if (family_ == nullptr) return nullptr;
    if (family_->type.empty()) return "a family without TYPE";
    return histogram_.Finished() ? nullptr : "a histogram without its count";
  }

  PrometheusPage page;

 private:
  const char* ReadHelp(LineReader reader) {
    if (const char* error = Finish(); error != nullptr) return error;
    if (!reader.TakeName(&name_) || !reader.Take(" ") || reader.AtEnd()) return "want # HELP name text";
    const auto [place, first] = page.families.try_emplace(name_);
    if (!first) return "the family came before";
    family_ = &place->second;
    family_->help = reader.rest();
    histogram_ = {};
    return nullptr;
  }

  const char* ReadType(LineReader reader) {
    std::string name;
    if (!reader.TakeName(&name) || !reader.Take(" ")) return "want # TYPE name type";
    if (family_ == nullptr || name != name_) return "TYPE without HELP before it";
    if (!family_->type.empty()) return "a second TYPE";
    family_->type = reader.rest();
    const bool total = name.size() > 6 && name.substr(name.size() - 6) == "_total";
    if (family_->type == "counter") return total ? nullptr : "a counter whose name does not end in _total";
    if (family_->type == "histogram") return total ? "a histogram whose name ends in _total" : nullptr;
    if (family_->type == "gauge") return total ? "a gauge whose name ends in _total" : nullptr;
    return "want counter, gauge or histogram";
  }

  const char* ReadSample(LineReader reader) {
    std::string name;
    std::string labels;
    double value = 0;
    if (!reader.TakeName(&name)) return "want a name";
    if (!reader.TakeLabels(&labels)) return "want {name=\"value\",...}";
    if (!reader.Take(" ") || !reader.TakeNumber(&value)) return "want a space and a number";
    if (family_ == nullptr || family_->type.empty()) return "a sample outside of its family";
    if (family_->type == "histogram" && name.starts_with(name_)) {
      const std::string suffix = name.substr(name_.size());
      if (const char* error = histogram_.Read(suffix, labels, value); error != nullptr) return error;
      labels.insert(0, suffix);
    } else if (name != name_) {
      return "a sample outside of its family";
    }
    if (family_->type == "counter" && value < 0) return "a counter below 0";
    return family_->samples.emplace(labels, value).second ? nullptr : "the series came before";
  }

  std::string name_;
  HistogramReader histogram_;
  PrometheusPage::Family* family_ = nullptr;  // the one being read
};

}  // namespace

double PrometheusPage::Get(const std::string& family, const std::string& labels) const {
  const auto place = families.find(family);
  if (place == families.end()) return std::numeric_limits<double>::quiet_NaN();
  const auto sample = place->second.samples.find(labels);
  return sample == place->second.samples.end() ? std::numeric_limits<double>::quiet_NaN() : sample->second;
}

absl::StatusOr<PrometheusPage> ReadPrometheusPage(std::string_view text) {
  PageReader reader;
  while (!text.empty()) {
    const size_t line_feed = text.find('\n');
    if (line_feed == text.npos) return absl::InvalidArgumentError("no line feed at the end");
    const std::string_view line = text.substr(0, line_feed);
    text.remove_prefix(line_feed + 1);
    const char* error = reader.Read(line);
    if (error == nullptr && text.empty()) error = reader.Finish();
    if (error != nullptr) return absl::InvalidArgumentError(base::StrCat(error, ": ", line));
  }
  return std::move(reader.page);
}

}  // namespace fairlead::metrics
