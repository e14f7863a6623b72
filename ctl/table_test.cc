#include "ctl/table.h"

#include <gtest/gtest.h>

#include <sstream>

#include "ctl/printable.h"

namespace fairlead::ctl {
namespace {

std::string Print(const Table& table) {
  std::ostringstream out;
  table.Print(out);
  return out.str();
}

TEST(Table, AlignsTextLeftAndNumbersRight) {
  Table table({{"SERVER"}, {"WEIGHT", Align::kRight}, {"REASON"}});
  table.AddRow({"web/w1", "5", "connection refused"});
  table.AddRow({"api-v2/a10", "1000", ""});
  EXPECT_EQ(Print(table),
            "SERVER       WEIGHT   REASON\n"
            "web/w1            5   connection refused\n"
            "api-v2/a10     1000   -\n");
}

TEST(Table, OfNoRowsIsItsHeader) {
  const Table table({{"A"}, {"B"}});
  EXPECT_TRUE(table.empty());
  EXPECT_EQ(Print(table), "A   B\n");
}

TEST(Table, FillsUpShortRows) {
  Table table({{"A"}, {"B"}});
  table.AddRow({"x"});
  EXPECT_EQ(Print(table), "A   B\nx   -\n");
}

TEST(Table, CountsCharactersNotBytes) {
  Table table({{"A"}, {"B"}});
  table.AddRow({"ü", "x"});
  table.AddRow({"uu", "y"});
  EXPECT_EQ(Print(table), "A    B\nü    x\nuu   y\n");
}

TEST(Table, EscapesWhatATerminalWouldObey) {
  Table table({{"REASON"}});
  table.AddRow({"a\x1b[31m\nb"});
  EXPECT_EQ(Print(table), "REASON\na\\x1b[31m\\x0ab\n");
}

TEST(Printable, EscapesControlCharactersAndBrokenUtf8) {
  EXPECT_EQ(Printable("Grüße 🙂"), "Grüße 🙂");
  EXPECT_EQ(Printable("a\tb\x7f"), "a\\x09b\\x7f");
  EXPECT_EQ(Printable("\u009b"), "\\x9b") << "CSI in one character";
  EXPECT_EQ(Printable("a\xff\xc3"), "a\\xff\\xc3");
}

TEST(PrintableSpan, HasItsTwoLargestUnits) {
  EXPECT_EQ(PrintableSpan(0), "0ms");
  EXPECT_EQ(PrintableSpan(999), "999ms");
  EXPECT_EQ(PrintableSpan(1999), "1s");
  EXPECT_EQ(PrintableSpan(59'999), "59s");
  EXPECT_EQ(PrintableSpan(192'000), "3m12s");
  EXPECT_EQ(PrintableSpan(180'000), "3m");
  EXPECT_EQ(PrintableSpan(5 * 3'600'000 + 3 * 60'000 + 59'000), "5h3m");
  EXPECT_EQ(PrintableSpan(uint64_t{52} * 3'600'000), "2d4h");
}

}  // namespace
}  // namespace fairlead::ctl
