#include "api/credentials/mutual_tls.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace fairlead::api {
namespace {

constexpr const char* kCertificate = "-----BEGIN CERTIFICATE-----\n";
constexpr const char* kKey = "-----BEGIN EC PRIVATE KEY-----\n";

std::string Write(const std::string& name, std::string_view text) {
  const std::string path = std::filesystem::path(::testing::TempDir()) / name;
  std::ofstream(path) << text;
  return path;
}

std::string Check(const MutualTls& tls) { return std::string(CheckMutualTls(tls, "--control_").message()); }

TEST(MutualTls, IsAllThreeFilesOrNone) {
  EXPECT_EQ(Check({}), "");
  const MutualTls tls = {Write("ca", kCertificate), Write("cert", kCertificate), Write("key", kKey), ""};
  EXPECT_EQ(Check(tls), "");
  EXPECT_TRUE(tls.given());
  EXPECT_EQ(
      Check({tls.ca, "", "", ""}),
      "mTLS needs --control_ca, --control_cert and --control_key together; missing: --control_cert, --control_key");
  EXPECT_EQ(Check({"", tls.certificate, tls.key, ""}),
            "mTLS needs --control_ca, --control_cert and --control_key together; missing: --control_ca");
  EXPECT_THAT(Check({"", "", "", "controller"}), ::testing::HasSubstr("missing: --control_ca, --control_cert"));
}

TEST(MutualTls, FilesAreLookedAt) {
  const MutualTls tls = {Write("ca", kCertificate), Write("cert", kCertificate), Write("key", kKey), ""};
  MutualTls wrong = tls;
  wrong.ca = "/nowhere/ca.pem";
  EXPECT_EQ(Check(wrong), "--control_ca: /nowhere/ca.pem: No such file or directory");
  wrong = tls;
  wrong.key = tls.certificate;
  EXPECT_EQ(Check(wrong), "--control_key: " + tls.certificate + ": no PEM: nothing in it says \"PRIVATE KEY-----\"");
}

TEST(MutualTls, WhatGrpcDoesNotSayIsGuessed) {
  const MutualTls tls = {"ca", "cert", "key", ""};
  EXPECT_EQ(ExplainFailure("x: Socket closed", {}, "--"),
            "x: Socket closed (it may want mTLS: --ca, --cert and --key)");
  EXPECT_EQ(ExplainFailure("Endpoint read failed", {}, "--"),
            "Endpoint read failed (it may want mTLS: --ca, --cert and --key)");
  EXPECT_EQ(ExplainFailure("Socket closed", tls, "--control_"),
            "Socket closed (it may not trust --control_cert, or speak no TLS there: its log knows)");
  EXPECT_EQ(ExplainFailure("Failed to create security handshaker", tls, "--"),
            "--cert and --key do not belong together, or one is no valid PEM");
  EXPECT_EQ(ExplainFailure("Connection refused", tls, "--"), "Connection refused");
}

}  // namespace
}  // namespace fairlead::api
