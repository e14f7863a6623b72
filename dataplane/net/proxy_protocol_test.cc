#include "dataplane/net/proxy_protocol.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace fairlead::net {
namespace {

using Status = ProxyHeaderResult::Status;
using std::string_literals::operator""s;

const std::string kSignature = "\r\n\r\n\0\r\nQUIT\n"s;

std::string Size16(size_t size) { return {static_cast<char>(size >> 8), static_cast<char>(size)}; }

// A header of version 2.
std::string V2(char command, char family, const std::string& rest) {
  return kSignature + command + family + Size16(rest.size()) + rest;
}
std::string Tlv(char type, const std::string& value) { return type + Size16(value.size()) + value; }

const std::string kTcp4 = "\xc0\x00\x02\x01\xc6\x33\x64\x02\x30\x39\x01\xbb"s;  // 192.0.2.1:12345 to 198.51.100.2:443

ProxyHeader Parsed(const std::string& bytes) {
  ProxyHeader header;
  const ProxyHeaderResult result = ParseProxyHeader(bytes, &header);
  EXPECT_EQ(result.status, Status::kDone) << (result.error == nullptr ? "incomplete" : result.error);
  EXPECT_EQ(result.size, bytes.size());
  return header;
}
std::string ErrorOf(const std::string& bytes) {
  ProxyHeader header;
  const ProxyHeaderResult result = ParseProxyHeader(bytes, &header);
  if (result.status == Status::kMalformed) return result.error;
  return result.status == Status::kDone ? "done" : "incomplete";
}
std::string Of(const std::optional<Address>& address) { return address.has_value() ? address->ToString() : "none"; }

TEST(ProxyProtocolV1, SaysWhereAConnectionComesFrom) {
  const ProxyHeader v4 = Parsed("PROXY TCP4 192.0.2.1 198.51.100.2 12345 443\r\n");
  EXPECT_EQ(Of(v4.source), "192.0.2.1:12345");
  EXPECT_EQ(Of(v4.destination), "198.51.100.2:443");
  const ProxyHeader v6 = Parsed("PROXY TCP6 2001:db8::1 ::1 0 65535\r\n");
  EXPECT_EQ(Of(v6.source), "[2001:db8::1]:0");
  EXPECT_EQ(Of(v6.destination), "[::1]:65535");
  EXPECT_EQ(v6.tlvs, "");
}

TEST(ProxyProtocolV1, MaySayNothing) {
  EXPECT_EQ(Of(Parsed("PROXY UNKNOWN\r\n").source), "none");
  EXPECT_EQ(Of(Parsed("PROXY UNKNOWN 1.2.3.4 what ever\r\n").source), "none");
  // The longest that there is (§2.1).
  const std::string longest =
      "PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535                                               "
      "x\r\n";
  ASSERT_EQ(longest.size(), 107u);
  Parsed(longest);
}

TEST(ProxyProtocolV1, WhatFollowsIsNotItsOwn) {
  ProxyHeader header;
  const auto result = ParseProxyHeader("PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\nGET / HTTP/1.1\r\n", &header);
  EXPECT_EQ(result.status, Status::kDone);
  EXPECT_EQ(result.size, 32u);
}

TEST(ProxyProtocolV1, RefusesEverythingElse) {
  for (const char* line : {"PROXY TCP4 1.2.3.4 5.6.7.8 1 2 3",
                           "PROXY TCP4 1.2.3.4 5.6.7.8 1",
                           "PROXY TCP4 1.2.3.4 5.6.7.8  1 2",
                           "PROXY  TCP4 1.2.3.4 5.6.7.8 1 2",
                           "PROXY TCP4 1.2.3.4 5.6.7.8 1 2 ",
                           "PROXY TCP4 1.2.3.4 5.6.7.8 01 2",
                           "PROXY TCP4 1.2.3.4 5.6.7.8 1 65536",
                           "PROXY TCP4 1.2.3.4 5.6.7.8 -1 2",
                           "PROXY TCP4 1.2.3.4 5.6.7.8 1 x",
                           "PROXY TCP4 ::1 5.6.7.8 1 2",
                           "PROXY TCP6 1.2.3.4 5.6.7.8 1 2",
                           "PROXY TCP4 01.2.3.4 5.6.7.8 1 2",
                           "PROXY TCP4 1.2.3 5.6.7.8 1 2",
                           "PROXY TCP4 1.2.3.400 5.6.7.8 1 2",
                           "PROXY tcp4 1.2.3.4 5.6.7.8 1 2",
                           "PROXY UDP4 1.2.3.4 5.6.7.8 1 2",
                           "PROXY TCP4",
                           "PROXY ",
                           "PROXY UNKNOWNX",
                           "PROXY TCP6 fe80::1%1 ::1 1 2"}) {
    const std::string error = ErrorOf(line + "\r\n"s);
    EXPECT_TRUE(error != "done" && error != "incomplete") << line << ": " << error;
  }
  EXPECT_EQ(ErrorOf("PROXY UNKNOWN\n"), "a line feed without a carriage return");
  EXPECT_EQ(ErrorOf("PROXY " + std::string(100, 'x')), "incomplete");
  EXPECT_EQ(ErrorOf("PROXY " + std::string(101, 'x')), "longer than 107 bytes");
  EXPECT_EQ(ErrorOf("GET"), "not a PROXY header");
  EXPECT_EQ(ErrorOf("PROXYX"), "not a PROXY header");
  EXPECT_EQ(ErrorOf("proxy"), "not a PROXY header");
}

TEST(ProxyProtocolV2, SaysWhereAConnectionComesFrom) {
  const ProxyHeader v4 = Parsed(V2('\x21', '\x11', kTcp4));
  EXPECT_EQ(Of(v4.source), "192.0.2.1:12345");
  EXPECT_EQ(Of(v4.destination), "198.51.100.2:443");
  const std::string ip6 = "\x20\x01\x0d\xb8"s + std::string(11, '\0');
  const ProxyHeader v6 = Parsed(V2('\x21', '\x21', ip6 + "\1" + ip6 + "\2" + "\0\1\0\2"s));
  EXPECT_EQ(Of(v6.source), "[2001:db8::1]:1");
  EXPECT_EQ(Of(v6.destination), "[2001:db8::2]:2");
  std::string paths(216, '\0');
  paths.replace(0, 6, "/run/a");
  const ProxyHeader local = Parsed(V2('\x21', '\x31', paths));
  EXPECT_EQ(Of(local.source), "unix:/run/a");
  EXPECT_EQ(Of(local.destination), "unix:");
}

TEST(ProxyProtocolV2, MaySayNothing) {
  for (const std::string& rest : {""s, kTcp4, "any\3thing"s}) {
    EXPECT_EQ(Of(Parsed(V2('\x20', '\x11', rest)).source), "none");
    EXPECT_EQ(Parsed(V2('\x20', '\x11', rest)).tlvs, "");
  }
  EXPECT_EQ(Of(Parsed(V2('\x21', '\x00', "")).source), "none");
  EXPECT_EQ(Of(Parsed(V2('\x21', '\x12', kTcp4)).source), "none") << "UDP";
}

TEST(ProxyProtocolV2, KeepsItsTlvs) {
  const std::string tlvs = Tlv('\x02', "www.example.org") + Tlv('\xea', "vpce-1") + Tlv('\x04', "");
  EXPECT_EQ(Parsed(V2('\x21', '\x11', kTcp4 + tlvs)).tlvs, tlvs);
  EXPECT_EQ(Parsed(V2('\x21', '\x00', tlvs)).tlvs, tlvs);
}

TEST(ProxyProtocolV2, ChecksItsChecksum) {
  // Another implementation's work.
  Parsed(V2('\x21', '\x11', kTcp4 + Tlv('\x03', "\xc8\xcc\xd4\xb7")));
  EXPECT_EQ(ErrorOf(V2('\x21', '\x11', kTcp4 + Tlv('\x03', "CRC!"))), "a wrong checksum");
  const std::string twice = Tlv('\x03', "CRC!") + Tlv('\x03', "CRC!");
  EXPECT_NE(ErrorOf(V2('\x21', '\x11', kTcp4 + twice)), "done");
  EXPECT_EQ(ErrorOf(V2('\x21', '\x11', kTcp4 + Tlv('\x03', "CRC"))), "more than one checksum, or none of 4 bytes");
  EXPECT_EQ(ErrorOf(V2('\x20', '\x11', kTcp4 + Tlv('\x03', "CRC!"))), "done") << "of LOCAL nothing is looked at";
}

TEST(ProxyProtocolV2, RefusesEverythingElse) {
  EXPECT_EQ(ErrorOf(kSignature + "\x11"), "an unknown version or command");
  EXPECT_EQ(ErrorOf(kSignature + "\x22"), "an unknown version or command");
  EXPECT_EQ(ErrorOf(kSignature + "\x21\x41"), "an unknown family or protocol");
  EXPECT_EQ(ErrorOf(kSignature + "\x21\x13"), "an unknown family or protocol");
  EXPECT_EQ(ErrorOf(V2('\x21', '\x11', kTcp4.substr(1))), "addresses that are cut off");
  EXPECT_EQ(ErrorOf(V2('\x21', '\x21', kTcp4)), "addresses that are cut off");
  EXPECT_EQ(ErrorOf(V2('\x21', '\x31', kTcp4)), "addresses that are cut off");
  EXPECT_EQ(ErrorOf(V2('\x21', '\x11', kTcp4 + "\x02")), "a TLV that is cut off");
  EXPECT_EQ(ErrorOf(V2('\x21', '\x11', kTcp4 + "\x02\x00\x05"s + "four")), "a TLV that is cut off");
  EXPECT_EQ(ErrorOf("\r\n\r\n\0\r\nQUIT\r"s), "not a PROXY header");
}

TEST(ProxyProtocol, TakesItsTimeByteByByte) {
  for (const std::string& whole :
       {"PROXY TCP4 192.0.2.1 198.51.100.2 12345 443\r\n"s, V2('\x21', '\x11', kTcp4 + Tlv('\x02', "name"))}) {
    for (size_t size = 0; size < whole.size(); ++size) {
      ProxyHeader header;
      EXPECT_EQ(ParseProxyHeader(whole.substr(0, size), &header).status, Status::kIncomplete);
    }
    EXPECT_EQ(Of(Parsed(whole).source), "192.0.2.1:12345");
  }
}

TEST(ProxyProtocol, WritesWhatItReads) {
  const Address v4 = *Address::Parse("192.0.2.1:12345"), other4 = *Address::Parse("198.51.100.2:443");
  const Address v6 = *Address::Parse("[2001:db8::1]:1"), other6 = *Address::Parse("[::1]:2");
  const Address local = *Address::Parse("unix:/s");
  EXPECT_EQ(WriteProxyHeaderV1(v4, other4), "PROXY TCP4 192.0.2.1 198.51.100.2 12345 443\r\n");
  EXPECT_EQ(WriteProxyHeaderV1(v6, other6), "PROXY TCP6 2001:db8::1 ::1 1 2\r\n");
  EXPECT_EQ(WriteProxyHeaderV1(local, local), "PROXY UNKNOWN\r\n");
  EXPECT_EQ(WriteProxyHeaderV1(v4, other6), "PROXY UNKNOWN\r\n");

  const std::string tlvs = Tlv('\x02', "www.example.org");
  const ProxyHeader read = Parsed(WriteProxyHeaderV2(v4, other4, tlvs));
  EXPECT_EQ(Of(read.source), "192.0.2.1:12345");
  EXPECT_EQ(Of(read.destination), "198.51.100.2:443");
  EXPECT_EQ(read.tlvs, tlvs);
  EXPECT_EQ(Of(Parsed(WriteProxyHeaderV2(v6, other6, {})).source), "[2001:db8::1]:1");
  EXPECT_EQ(Of(Parsed(WriteProxyHeaderV2(local, local, tlvs)).source), "none");
  EXPECT_EQ(Parsed(WriteProxyHeaderV2(local, local, tlvs)).tlvs, tlvs);
  EXPECT_EQ(Parsed(WriteProxyHeaderV2(v4, other4, Tlv('\x02', std::string(65532, 'x')))).tlvs, "") << "no room";
}

TEST(ProxyProtocol, WritesAChecksumThatHoldsEveryByte) {
  const std::string header = WriteProxyHeaderV2(*Address::Parse("192.0.2.1:12345"), *Address::Parse("198.51.100.2:443"),
                                                Tlv('\x02', "www.example.org"));
  for (size_t i = 16; i < header.size() - 7; ++i) {
    std::string changed = header;
    changed[i] ^= 1;
    EXPECT_NE(ErrorOf(changed), "done") << i;
  }
}

}  // namespace
}  // namespace fairlead::net
