#include "dataplane/metrics/prometheus_writer.h"

#include <cstdint>
#include <span>
#include <string>

#include "dataplane/metrics/histogram.h"
#include "dataplane/metrics/prometheus_reader.h"
#include "gtest/gtest.h"

namespace fairlead::metrics {
namespace {

TEST(PrometheusWriter, WritesFamiliesWithHelpTypeAndSamples) {
  std::string text;
  PrometheusWriter writer(&text);
  writer.BeginFamily("fairlead_requests_total", "Requests received.", MetricType::kCounter);
  writer.Write({}, uint64_t{18'446'744'073'709'551'615u});
  writer.BeginFamily("fairlead_server_weight", "Weight.", MetricType::kGauge);
  writer.Write({{"backend", "web"}, {"server", "w1"}}, uint64_t{5});
  writer.Write({{"backend", "web"}, {"server", "w2"}}, uint64_t{0});
  EXPECT_EQ(text,
            "# HELP fairlead_requests_total Requests received.\n"
            "# TYPE fairlead_requests_total counter\n"
            "fairlead_requests_total 18446744073709551615\n"
            "# HELP fairlead_server_weight Weight.\n"
            "# TYPE fairlead_server_weight gauge\n"
            "fairlead_server_weight{backend=\"web\",server=\"w1\"} 5\n"
            "fairlead_server_weight{backend=\"web\",server=\"w2\"} 0\n");
  EXPECT_TRUE(ReadPrometheusPage(text).ok());
}

TEST(PrometheusWriter, EscapesLabelValuesAndHelp) {
  std::string text;
  PrometheusWriter writer(&text);
  writer.BeginFamily("a", "A \"b\" \\ c\nd", MetricType::kGauge);
  writer.Write({{"x", "A \"b\" \\ c\nd"}}, uint64_t{1});
  EXPECT_EQ(text, "# HELP a A \"b\" \\\\ c\\nd\n# TYPE a gauge\na{x=\"A \\\"b\\\" \\\\ c\\nd\"} 1\n");
  EXPECT_TRUE(ReadPrometheusPage(text).ok());
}

TEST(PrometheusWriter, WritesSecondsAsTheyAre) {
  std::string text;
  PrometheusWriter writer(&text);
  writer.BeginFamily("a_seconds", "Seconds.", MetricType::kGauge);
  writer.Write({{"x", "1"}}, 0.25);
  writer.Write({{"x", "2"}}, 1732368330.01);
  writer.Write({{"x", "3"}}, -1e-300);
  const auto page = ReadPrometheusPage(text);
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_EQ(page->Get("a_seconds", "{x=\"1\"}"), 0.25);
  EXPECT_EQ(page->Get("a_seconds", "{x=\"2\"}"), 1732368330.01);
  EXPECT_EQ(page->Get("a_seconds", "{x=\"3\"}"), -1e-300);
}

TEST(PrometheusWriter, WritesHistogramsWithCountsThatAddUp) {
  Histogram histogram;
  for (uint64_t us : {100, 500, 501, 60'000'000, 60'000'001}) histogram.Observe(us);
  HistogramSum sum;
  sum.Add(histogram);
  std::string text;
  PrometheusWriter writer(&text);
  writer.BeginFamily("a_seconds", "Seconds.", MetricType::kHistogram);
  const Label labels[] = {{"x", "1"}};
  writer.Write(labels, sum);
  writer.Write(std::span<const Label>(), HistogramSum());
  const auto page = ReadPrometheusPage(text);
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_EQ(page->Get("a_seconds", "_bucket{x=\"1\",le=\"0.0005\"}"), 2);
  EXPECT_EQ(page->Get("a_seconds", "_bucket{x=\"1\",le=\"0.001\"}"), 3);
  EXPECT_EQ(page->Get("a_seconds", "_bucket{x=\"1\",le=\"30\"}"), 3);
  EXPECT_EQ(page->Get("a_seconds", "_bucket{x=\"1\",le=\"60\"}"), 4);
  EXPECT_EQ(page->Get("a_seconds", "_bucket{x=\"1\",le=\"+Inf\"}"), 5);
  EXPECT_DOUBLE_EQ(page->Get("a_seconds", "_sum{x=\"1\"}"), 120.001102);
  EXPECT_EQ(page->Get("a_seconds", "_count{x=\"1\"}"), 5);
  EXPECT_EQ(page->Get("a_seconds", "_bucket{le=\"+Inf\"}"), 0);
}

}  // namespace
}  // namespace fairlead::metrics
