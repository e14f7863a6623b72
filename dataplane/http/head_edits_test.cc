#include "dataplane/http/head_edits.h"

#include <gtest/gtest.h>

#include <string>

namespace fairlead::http {
namespace {

std::string Written(const FieldEdits& edits) {
  std::string lines;
  edits.ForEachWritten([&](std::string_view name, std::string_view value) {
    lines.append(name).append(": ").append(value).append("\r\n");
  });
  EXPECT_LE(lines.size(), edits.max_wire_size());
  return lines;
}

TEST(FieldEdits, ChangeNothingAtFirst) {
  const FieldEdits edits;
  EXPECT_TRUE(edits.empty());
  EXPECT_FALSE(edits.Drops("A"));
  EXPECT_EQ(Written(edits), "");
}

TEST(FieldEdits, DropWhatIsRemovedOrSetInAnyCase) {
  FieldEdits edits;
  edits.Remove("X-Gone");
  edits.Set("x-new", "1");
  edits.Add("X-More", "2");
  EXPECT_FALSE(edits.empty());
  EXPECT_TRUE(edits.Drops("x-GONE"));
  EXPECT_TRUE(edits.Drops("X-New"));
  EXPECT_FALSE(edits.Drops("X-More"));
  EXPECT_FALSE(edits.Drops("X-Gon"));
  EXPECT_FALSE(edits.Drops("X-Gonf"));
  EXPECT_EQ(Written(edits), "x-new: 1\r\nX-More: 2\r\n");
}

TEST(FieldEdits, HoldInTheirOrder) {
  FieldEdits edits;
  edits.Add("A", "1");
  edits.Add("B", "1");
  edits.Set("a", "2");
  edits.Add("A", "3");
  edits.Remove("b");
  EXPECT_EQ(Written(edits), "a: 2\r\nA: 3\r\n");
  edits.Set("A", "4");
  EXPECT_EQ(Written(edits), "A: 4\r\n");
}

TEST(FieldEdits, TakeThoseOfOthersAndStartAnew) {
  const FieldEdit rule[] = {{FieldEdit::Kind::kRemove, "A"}, {FieldEdit::Kind::kAdd, "B", "2"}};
  FieldEdits edits;
  edits.Add("A", "1");
  edits.Append(rule);
  EXPECT_EQ(Written(edits), "B: 2\r\n");
  edits.Clear();
  EXPECT_TRUE(edits.empty());
  EXPECT_FALSE(edits.Drops("A"));
  EXPECT_EQ(edits.max_wire_size(), 0u);
}

}  // namespace
}  // namespace fairlead::http
