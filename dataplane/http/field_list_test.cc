#include "dataplane/http/field_list.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace fairlead::http {
namespace {

constexpr std::pair<std::string_view, KnownField> kNames[] = {
    {"Connection", KnownField::kConnection},
    {"Content-Length", KnownField::kContentLength},
    {"Date", KnownField::kDate},
    {"Expect", KnownField::kExpect},
    {"Host", KnownField::kHost},
    {"Keep-Alive", KnownField::kKeepAlive},
    {"Proxy-Connection", KnownField::kProxyConnection},
    {"Server", KnownField::kServer},
    {"TE", KnownField::kTe},
    {"Trailer", KnownField::kTrailer},
    {"Transfer-Encoding", KnownField::kTransferEncoding},
    {"Upgrade", KnownField::kUpgrade},
};

TEST(KnownFields, AreFoundInAnyCase) {
  for (const auto& [name, field] : kNames) {
    std::string upper, lower;
    for (char c : name) {
      upper += static_cast<char>(std::toupper(c));
      lower += static_cast<char>(std::tolower(c));
    }
    EXPECT_EQ(FindKnownField(name), field) << name;
    EXPECT_EQ(FindKnownField(upper), field) << name;
    EXPECT_EQ(FindKnownField(lower), field) << name;
  }
}

TEST(KnownFields, AreNotConfusedWithNamesThatDifferInOneByte) {
  for (const auto& [name, field] : kNames) {
    for (size_t i = 0; i < name.size(); ++i) {
      for (int byte = 0; byte < 256; ++byte) {
        std::string other(name);
        other[i] = static_cast<char>(byte);
        const bool is_same = std::tolower(static_cast<unsigned char>(byte)) == std::tolower(name[i]) && byte < 0x80;
        EXPECT_EQ(FindKnownField(other), is_same ? field : KnownField::kOther) << other;
      }
    }
    EXPECT_EQ(FindKnownField(name.substr(1)), KnownField::kOther) << name;
    EXPECT_EQ(FindKnownField(std::string(name) + "s"), KnownField::kOther) << name;
  }
  EXPECT_EQ(FindKnownField(""), KnownField::kOther);
}

TEST(FieldList, FollowsItsBytesWhereTheyMove) {
  std::string bytes = "A: bc";
  FieldList fields;
  fields.Add({.name_offset = 0, .value_offset = 3, .value_size = 2, .name_size = 1, .known = KnownField::kOther});
  fields.set_base(bytes.data());
  EXPECT_EQ(fields.value(*fields.begin()), "bc");

  const std::string moved = "X: yz";
  fields.set_base(moved.data());
  EXPECT_EQ(fields.name(*fields.begin()), "X");
  EXPECT_EQ(fields.value(*fields.begin()), "yz");
}

TEST(FieldList, KnowsItsSizeAsLines) {
  FieldList fields;
  EXPECT_EQ(fields.wire_size(), 0u);
  fields.Add({.name_offset = 0, .value_offset = 3, .value_size = 2, .name_size = 1, .known = KnownField::kOther});
  fields.Add({.name_offset = 9, .value_offset = 12, .value_size = 0, .name_size = 3, .known = KnownField::kOther});
  EXPECT_EQ(fields.wire_size(), std::string_view("A: bc\r\nXYZ: \r\n").size());
  fields.Clear();
  EXPECT_EQ(fields.wire_size(), 0u);
  EXPECT_TRUE(fields.empty());
}

}  // namespace
}  // namespace fairlead::http
