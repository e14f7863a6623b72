#include "dataplane/metrics/prometheus_reader.h"

#include <cmath>
#include <string>

#include "gtest/gtest.h"

namespace fairlead::metrics {
namespace {

constexpr std::string_view kFamily = "# HELP a_total Things.\n# TYPE a_total counter\n";

TEST(ReadPrometheusPage, ReadsFamiliesAndSamples) {
  const auto page = ReadPrometheusPage(
      "# HELP a_total Things.\n# TYPE a_total counter\na_total 3\n"
      "# HELP b Of b.\n# TYPE b gauge\nb{x=\"1\",y=\"a\\\\b\\\"c\\n\"} -1.5\nb{x=\"2\"} 1e+20\n");
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_EQ(page->families.at("a_total").type, "counter");
  EXPECT_EQ(page->families.at("b").help, "Of b.");
  EXPECT_EQ(page->Get("a_total"), 3);
  EXPECT_EQ(page->Get("b", "{x=\"1\",y=\"a\\\\b\\\"c\\n\"}"), -1.5);
  EXPECT_TRUE(std::isnan(page->Get("b", "{x=\"3\"}")));
}

TEST(ReadPrometheusPage, RefusesWhatIsNotInTheFormat) {
  for (const char* samples : {
           "a_total 3",                         // no line feed
           "a_total  3\n",                      // two spaces
           "a_total{} 3\n",                     // no label
           "a_total{x=\"1\" 3\n",               // no brace
           "a_total{x=\"1\",} 3\n",             // nothing behind the comma
           "a_total{x=\"1\",x=\"2\"} 3\n",      // a label twice
           "a_total{x=\"1\\t\"} 3\n",           // unknown escape
           "a_total{x=\"1\\\"} 3\n",            // the quote is escaped
           "a_total{x=1} 3\n",                  // no quotes
           "a_total{1=\"x\"} 3\n",              // a name begins with a digit
           "a_total three\n",                   // no number
           "a_total 3 1234\n",                  // timestamps are for others
           "a_total nan\n",                     // not finite
           "a_total -1\n",                      // a counter
           "a_total 3\na_total 3\n",            // a series twice
           "a_total{x=\"\xff\"} 3\n",           // not UTF-8
           "b_total 3\n",                       // of no family
           "\n",                                // an empty line
           "# TYPE a_total counter\n",          // a second type
           "# HELP a_total Again.\n",           // a second help
           "# HELP b_total Things.\n",          // no type
           "# TYPE b_total counter\n",          // no help
           "# HELP b Of.\n# TYPE b counter\n",  // not _total
           "# HELP b_total Of.\n# TYPE b_total gauge\n",
           "# HELP b Of.\n# TYPE b thing\n",
           "# HELP b \n# TYPE b gauge\n",
           "# HELP b Of.\n# TYPE b gauge\na_total 3\n",  // a family in two pieces
           "# HELP b_total Of.\n# TYPE b_total histogram\n",
       }) {
    EXPECT_FALSE(ReadPrometheusPage(std::string(kFamily) + samples).ok()) << samples;
  }
}

TEST(ReadPrometheusPage, ReadsHistogramsThatAreWhole) {
  const auto page = ReadPrometheusPage(
      "# HELP b Of.\n# TYPE b histogram\nb_bucket{le=\"0.5\"} 2\nb_bucket{le=\"+Inf\"} 3\nb_sum 1.5\nb_count 3\n"
      "# going on\n"
      "b_bucket{x=\"1\",le=\"+Inf\"} 1\nb_sum{x=\"1\"} 9\nb_count{x=\"1\"} 1\n");
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_EQ(page->Get("b", "_bucket{le=\"0.5\"}"), 2);
  EXPECT_EQ(page->Get("b", "_sum"), 1.5);
  EXPECT_EQ(page->Get("b", "_count{x=\"1\"}"), 1);
}

TEST(ReadPrometheusPage, RefusesHistogramsThatAreNot) {
  for (const char* samples : {
           "b 3\n", "b_total 3\n", "b_bucket 3\n", "b_bucket{x=\"1\"} 3\n", "b_bucket{le=\"wide\"} 3\n",
           "b_bucket{le=\"+Inf\"} 3\n",                                                    // no sum, no count
           "b_bucket{le=\"+Inf\"} 3\nb_sum 1\n",                                           // no count
           "b_bucket{le=\"+Inf\"} 3\nb_count 3\n",                                         // no sum
           "b_bucket{le=\"1\"} 3\nb_sum 1\nb_count 3\n",                                   // no last bucket
           "b_bucket{le=\"+Inf\"} 3\nb_sum 1\nb_count 4\n",                                // another count
           "b_bucket{le=\"2\"} 1\nb_bucket{le=\"1\"} 2\nb_bucket{le=\"+Inf\"} 3\n",        // bounds go down
           "b_bucket{le=\"1\"} 2\nb_bucket{le=\"+Inf\"} 1\nb_sum 1\nb_count 1\n",          // counts go down
           "b_bucket{x=\"1\",le=\"1\"} 2\nb_bucket{le=\"+Inf\"} 2\nb_sum 1\nb_count 2\n",  // two series
           "b_sum 1\nb_count 0\n",                                                         // no buckets
       }) {
    EXPECT_FALSE(ReadPrometheusPage(std::string("# HELP b Of.\n# TYPE b histogram\n") + samples).ok()) << samples;
  }
}

}  // namespace
}  // namespace fairlead::metrics
