#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "dataplane/admin/metric_family.h"
#include "dataplane/base/absl_strings.h"
#include "dataplane/config/snapshot.h"
#include "dataplane/metrics/prometheus_writer.h"

namespace fairlead::admin {

// A part of the page of metrics, written a step at a time: a step looks at one item at most.
class MetricsSection {
 public:
  virtual ~MetricsSection() = default;

  // The next step; false when there was none left.
  virtual bool Step(metrics::PrometheusWriter* writer) = 0;
};

// Several families of the items that a Walk comes by. The format wants the samples of a family together, so that the
// items are gone through once for each.
//
// A Walk is made from a snapshot and has
//   using Item = …;
//   bool Next(std::optional<Item>* item);   // a step, to an item or not; false: the end
template <typename Walk>
class FamiliesSection final : public MetricsSection {
 public:
  using Family = MetricFamily<typename Walk::Item>;

  // Names begin with `prefix`. The families and the snapshot outlive the section.
  FamiliesSection(std::string prefix, std::span<const Family> families, const config::Snapshot* snapshot)
      : prefix_(std::move(prefix)), families_(families), snapshot_(snapshot), walk_(snapshot) {}

  bool Step(metrics::PrometheusWriter* writer) override {
    if (next_ == families_.size()) return false;
    const Family& family = families_[next_];
    if (!begun_) {
      begun_ = true;
      name_ = base::StrCat(prefix_, family.name);
      writer->BeginFamily(name_, family.help, family.type);
      return true;
    }
    std::optional<typename Walk::Item> item;
    if (walk_.Next(&item)) {
      if (item.has_value()) family.write(*item, writer);
      return true;
    }
    walk_ = Walk(snapshot_);
    begun_ = false;
    ++next_;
    return true;
  }

 private:
  const std::string prefix_;
  const std::span<const Family> families_;
  const config::Snapshot* const snapshot_;
  Walk walk_;
  size_t next_ = 0;  // of families_
  bool begun_ = false;
  std::string name_;  // of the family that was begun
};

}  // namespace fairlead::admin
