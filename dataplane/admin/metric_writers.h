#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string_view>

#include "dataplane/metrics/counter.h"
#include "dataplane/metrics/histogram.h"
#include "dataplane/metrics/per_worker.h"
#include "dataplane/metrics/prometheus_writer.h"

// Ways to write what workers count for an item (metric_items.h): for the tables of families.
namespace fairlead::admin {

// Of responses[], by class.
inline constexpr std::string_view kResponseClasses[] = {"1xx", "2xx", "3xx", "4xx", "5xx"};

template <typename Item, auto kCounter>
void WriteCounter(const Item& item, metrics::PrometheusWriter* writer) {
  writer->Write(item.labels(), metrics::Sum(item.counters(), kCounter));
}

template <typename Item, auto kResponses>
void WriteResponses(const Item& item, metrics::PrometheusWriter* writer) {
  uint64_t sums[std::size(kResponseClasses)] = {};
  item.counters().ForEach([&](const auto& worker) {
    for (size_t i = 0; i < std::size(sums); ++i) sums[i] += (worker.*kResponses)[i].value();
  });
  for (size_t i = 0; i < std::size(sums); ++i) {
    writer->Write(item.labels(), metrics::Label{"code", kResponseClasses[i]}, sums[i]);
  }
}

template <typename Item, auto kHistogram>
void WriteHistogram(const Item& item, metrics::PrometheusWriter* writer) {
  metrics::HistogramSum sum;
  item.counters().ForEach([&](const auto& worker) { sum.Add(worker.*kHistogram); });
  writer->Write(item.labels(), sum);
}

}  // namespace fairlead::admin
