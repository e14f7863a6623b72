#include "dataplane/access_log/escape.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "dataplane/base/utf8.h"

namespace fairlead::access_log {
namespace {

std::string Escaped(Escaping escaping, std::string_view text, size_t room = 1000) {
  std::vector<char> out(room);
  char* const end = AppendEscaped(escaping, text, room, out.data());
  EXPECT_LE(end - out.data(), static_cast<ptrdiff_t>(room));
  return std::string(out.data(), end);
}
std::string Json(std::string_view text, size_t room = 1000) { return Escaped(Escaping::kJson, text, room); }
std::string Text(std::string_view text, size_t room = 1000) { return Escaped(Escaping::kText, text, room); }

struct Case {
  std::string_view text, json, plain;
};

constexpr Case kCases[] = {
    {"", "", ""},
    {"/a?b=c&d=%20", "/a?b=c&d=%20", "/a?b=c&d=%20"},
    {"a\"b", "a\\\"b", "a\\x22b"},
    {"a\\b", "a\\\\b", "a\\x5cb"},
    {"a\r\nb", "a\\u000d\\u000ab", "a\\x0d\\x0ab"},
    {"\t\x1b[31m\x7f", "\\u0009\\u001b[31m\\u007f", "\\x09\\x1b[31m\\x7f"},
    {"gr\u00fc\u00df \u65e5\u672c \U0001f600", "gr\u00fc\u00df \u65e5\u672c \U0001f600",
     "gr\u00fc\u00df \u65e5\u672c \U0001f600"},
    // Bytes that are not UTF-8: stray, overlong, surrogates, beyond Unicode, cut.
    {"\xff", "\\\\xff", "\\xff"},
    {"a\x80z", "a\\\\x80z", "a\\x80z"},
    {"\xc0\xaf", "\\\\xc0\\\\xaf", "\\xc0\\xaf"},
    {"\xed\xa0\x80", "\\\\xed\\\\xa0\\\\x80", "\\xed\\xa0\\x80"},
    {"\xf4\x90\x80\x80", "\\\\xf4\\\\x90\\\\x80\\\\x80", "\\xf4\\x90\\x80\\x80"},
    {"\xe6\x97", "\\\\xe6\\\\x97", "\\xe6\\x97"},
    // Well-formed, but able to end a line, or to make it look like another.
    {"\u009b", "\\u009b", "\\xc2\\x9b"},
    {"\u2028\u2029", "\\u2028\\u2029", "\\xe2\\x80\\xa8\\xe2\\x80\\xa9"},
    {"\u202e\u2066", "\\u202e\\u2066", "\\xe2\\x80\\xae\\xe2\\x81\\xa6"},
};

TEST(Escape, MakesTextsHarmless) {
  for (const Case& c : kCases) {
    EXPECT_EQ(Json(c.text), c.json);
    EXPECT_EQ(Text(c.text), c.plain);
  }
}

TEST(Escape, EscapesNul) {
  EXPECT_EQ(Json(std::string("a\0b", 3)), "a\\u0000b");
  EXPECT_EQ(Text(std::string("a\0b", 3)), "a\\x00b");
}

TEST(Escape, FindsWhatIsToBeEscapedAtEveryPlace) {
  for (size_t size = 1; size < 70; ++size) {
    for (size_t place = 0; place < size; ++place) {
      std::string text(size, 'x');
      text[place] = '\n';
      EXPECT_EQ(Text(text), std::string(place, 'x') + "\\x0a" + std::string(size - place - 1, 'x'));
    }
  }
}

TEST(Escape, NeverLeavesAByteThatHarms) {
  for (int c = 0; c < 256; ++c) {
    const std::string text(1, static_cast<char>(c));
    for (const std::string& escaped : {Json(text), Text(text)}) {
      for (char byte : escaped) EXPECT_GE(byte, 0x20) << c;
      EXPECT_EQ(escaped.find('\x7f'), std::string::npos) << c;
      if (c != '"') {
        EXPECT_EQ(escaped.find('"'), std::string::npos) << c;
      }
    }
  }
}

TEST(Escape, CutsBetweenCharactersAndSaysSo) {
  EXPECT_EQ(Json(std::string(20, 'x'), 13), std::string(10, 'x') + "\u2026");
  EXPECT_EQ(Json(std::string(10, 'x'), 13), std::string(10, 'x'));
  EXPECT_EQ(Json("aaaaaaaa\nb", 13), "aaaaaaaa\u2026") << "no part of an escape";
  EXPECT_EQ(Text("aaaaaaaa\nb", 13), "aaaaaaaa\u2026");
  EXPECT_EQ(Json("aaaaaaaaa\u65e5", 13), "aaaaaaaaa\u2026") << "no part of a character";
  EXPECT_EQ(Json("x", kMinEscapedRoom), "\u2026");
  EXPECT_EQ(Json("", kMinEscapedRoom), "");
}

TEST(Escape, StaysWithinItsRoomWhateverTheRoom) {
  const std::string text = "ab\"\n\u65e5\xff\U0001f600" + std::string(40, 'y') + "\x01";
  for (size_t room = kMinEscapedRoom; room < 120; ++room) {
    EXPECT_TRUE(base::IsValidUtf8(Json(text, room)));
    EXPECT_TRUE(base::IsValidUtf8(Text(text, room)));
  }
}

}  // namespace
}  // namespace fairlead::access_log
