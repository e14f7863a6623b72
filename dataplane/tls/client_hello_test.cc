#include "dataplane/tls/client_hello.h"

#include <gtest/gtest.h>

#include <string>

#include "dataplane/tls/test_client_hello.h"

namespace fairlead::tls {
namespace {

using Status = ClientHelloResult::Status;

// The name in it, or what is wrong.
std::string Read(std::string_view bytes) {
  ClientHello hello;
  const ClientHelloResult result = ReadClientHello(bytes, &hello);
  switch (result.status) {
    case Status::kDone:
      return "name: " + hello.server_name;
    case Status::kMalformed:
      return result.error;
    case Status::kIncomplete:
      break;
  }
  return "incomplete";
}

std::string ReadExtensions(std::string_view extensions) { return Read(Record(ClientHelloMessage(extensions))); }
std::string ReadNameList(std::string_view list) { return ReadExtensions(Extension(0, Vector(2, list))); }
std::string Entry(uint8_t type, std::string_view name) { return static_cast<char>(type) + Vector(2, name); }

TEST(ClientHello, TellsTheNameOfTheServer) {
  EXPECT_EQ(Read(ClientHelloFor("www.example.org")), "name: www.example.org");
  EXPECT_EQ(Read(ClientHelloFor("WWW.Example.ORG.")), "name: www.example.org") << "as names are compared";
  EXPECT_EQ(Read(ClientHelloFor("a_b-c.d")), "name: a_b-c.d");
  EXPECT_EQ(Read(ClientHelloFor(std::string(63, 'a'))), "name: " + std::string(63, 'a'));
}

TEST(ClientHello, MayNameNoServer) {
  EXPECT_EQ(ReadExtensions(Extension(0x2a2a, "grease")), "name: ");
  EXPECT_EQ(ReadExtensions(""), "name: ");
}

TEST(ClientHello, MayHaveNoExtensions) {
  const std::string body =
      "\x03\x01" + std::string(32, 'r') + Vector(1, "") + Vector(2, "\x13\x01") + Vector(1, std::string_view("\0", 1));
  EXPECT_EQ(Read(Record("\x01" + Vector(3, body))), "name: ");
}

TEST(ClientHello, WhatFollowsItIsNotLookedAt) {
  EXPECT_EQ(Read(ClientHelloFor("a") + "anything"), "name: a");
  EXPECT_EQ(Read(Record(ClientHelloMessage(ServerName("a")) + "another message")), "name: a");
}

TEST(ClientHello, MayBeSpreadOverRecordsInAnyWay) {
  const std::string message = ClientHelloMessage(Extension(0x1a1a, "") + ServerName("www.example.org"));
  for (size_t size = 1; size <= message.size(); ++size) {
    EXPECT_EQ(Read(Records(message, size)), "name: www.example.org") << size;
  }
}

TEST(ClientHello, MayComeByteByByte) {
  const std::string message = ClientHelloMessage(ServerName("www.example.org"));
  for (size_t record_size : {size_t{1}, size_t{3}, message.size()}) {
    const std::string bytes = Records(message, record_size);
    for (size_t size = 0; size < bytes.size(); ++size) {
      ASSERT_EQ(Read(std::string_view(bytes).substr(0, size)), "incomplete") << size << " of " << bytes.size();
    }
    EXPECT_EQ(Read(bytes), "name: www.example.org");
  }
}

TEST(ClientHello, WhatIsNoTlsIsRefusedAtOnce) {
  EXPECT_EQ(Read("G"), "no TLS handshake");
  EXPECT_EQ(Read("\x16\x02"), "no TLS handshake");
  EXPECT_EQ(Read("\x80\x2e\x01\x03\x01"), "no TLS handshake") << "the ClientHello of SSL 2";
  EXPECT_EQ(Read("\x15\x03\x01"), "no TLS handshake") << "an alert";
  EXPECT_EQ(Read(std::string_view("\x16\x03\x01\0\0", 5)), "a record of a wrong size") << "RFC 8446 §5.1";
  EXPECT_EQ(Read("\x16\x03\x01\x40\x01"), "a record of a wrong size");
  EXPECT_EQ(Read("\x16\x03\x01\x01\x01\x02"), "no ClientHello");
  EXPECT_EQ(Read(Record("\x01") + "\x17"), "no TLS handshake") << "another kind of record within the message";
}

TEST(ClientHello, ItsSizeHasALimit) {
  const auto of_size = [](size_t size) {
    const std::string name = ServerName("a");
    const size_t rest = Record(ClientHelloMessage(name + Extension(21, ""))).size();
    return Record(ClientHelloMessage(name + Extension(21, std::string(size - rest, '\0'))));
  };
  EXPECT_EQ(Read(of_size(kMaxClientHelloSize)), "name: a");
  EXPECT_EQ(Read(of_size(kMaxClientHelloSize + 1)), "the ClientHello is too long");
  EXPECT_EQ(Read(Record(std::string_view("\x01\0\x3f\xfd", 4))), "the ClientHello is too long")
      << "as soon as it says so";
  // In records of one byte.
  const std::string bytes = Records(of_size(8 * 1024).substr(5), 1);
  EXPECT_EQ(Read(std::string_view(bytes).substr(0, kMaxClientHelloSize - 1)), "incomplete");
  EXPECT_EQ(Read(std::string_view(bytes).substr(0, kMaxClientHelloSize)), "the ClientHello is too long");
}

TEST(ClientHello, ANameThatIsNoneIsRefused) {
  const std::string label(64, 'a');
  for (std::string_view name :
       {std::string_view(""), std::string_view("."), std::string_view("a..b"), std::string_view(".a"),
        std::string_view("a.."), std::string_view("a b"), std::string_view("a/b"), std::string_view("*.a"),
        std::string_view("::1"), std::string_view("b\xc3\xbc"), std::string_view("a\0b", 3), std::string_view(label)}) {
    EXPECT_EQ(Read(ClientHelloFor(name)), "server_name is no host's name") << name;
  }
}

TEST(ClientHello, WhatCouldBeReadInTwoWaysIsRefused) {
  EXPECT_EQ(ReadExtensions(ServerName("a") + ServerName("b")), "server_name is there twice");
  EXPECT_EQ(ReadNameList(Entry(0, "a") + Entry(0, "b")), "server_name has more than one name");
  EXPECT_EQ(ReadNameList(Entry(0, "a") + "x"), "server_name has more than one name");
  EXPECT_EQ(ReadNameList(Entry(1, "a") + Entry(0, "b")), "server_name has a name of an unknown type");
  EXPECT_EQ(ReadNameList(""), "server_name is no list of names");
  EXPECT_EQ(ReadExtensions(Extension(0, "")), "server_name is no list of names") << "that is for servers";
  EXPECT_EQ(ReadExtensions(Extension(0, Vector(2, Entry(0, "a")) + "x")), "server_name is no list of names");
  EXPECT_EQ(ReadNameList(std::string_view("\0\0\2a", 4)), "server_name is cut short");
  EXPECT_EQ(ReadNameList(std::string_view("\0\0", 2)), "server_name is cut short");
}

TEST(ClientHello, AMessageWhosePartsDoNotFitIsRefused) {
  EXPECT_EQ(ReadExtensions("\x1a"), "an extension is cut short");
  EXPECT_EQ(ReadExtensions(std::string_view("\x1a\x1a\0\1", 4)), "an extension is cut short");
  const std::string message = ClientHelloMessage("");
  EXPECT_EQ(Read(Record("\x01" + Vector(3, message.substr(4) + "x"))),
            "something follows the ClientHello's extensions");
  for (size_t size = 0; size < message.size() - 4; ++size) {
    const std::string result = Read(Record("\x01" + Vector(3, message.substr(4, size))));
    // Without the two bytes of its extensions' size it is whole.
    EXPECT_EQ(result, size == message.size() - 6 ? "name: " : "the ClientHello is cut short") << size;
  }
  const auto with = [](std::string_view session_id, std::string_view suites, std::string_view compression) {
    return Read(Record("\x01" + Vector(3, "\x03\x03" + std::string(32, 'r') + Vector(1, session_id) +
                                              Vector(2, suites) + Vector(1, compression))));
  };
  EXPECT_EQ(with("", "ab", "0"), "name: ");
  EXPECT_EQ(with(std::string(33, 's'), "ab", "0"), "the ClientHello has a field of a wrong size");
  EXPECT_EQ(with("", "abc", "0"), "the ClientHello has a field of a wrong size");
  EXPECT_EQ(with("", "", "0"), "the ClientHello has a field of a wrong size");
  EXPECT_EQ(with("", "ab", ""), "the ClientHello has a field of a wrong size");
}

}  // namespace
}  // namespace fairlead::tls
