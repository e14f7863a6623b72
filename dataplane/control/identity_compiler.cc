#include "dataplane/control/identity_compiler.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "dataplane/base/absl_strings.h"
#include "dataplane/base/utf8.h"
#include "dataplane/tls/sha256.h"

namespace fairlead::control {
namespace {

constexpr size_t kMaxNameBytes = 256;

bool IsReadable(std::string_view text) {
  return std::ranges::none_of(text, [](unsigned char c) { return c < ' ' || c == 0x7f; }) && base::IsValidUtf8(text);
}

std::optional<tls::Sha256> ReadDigest(const std::string& text) {
  tls::Sha256 digest;
  if (text.size() != 2 * digest.size() ||
      !std::ranges::all_of(text, [](unsigned char c) { return absl::ascii_isxdigit(c); })) {
    return std::nullopt;
  }
  const std::string bytes = absl::HexStringToBytes(text);
  std::ranges::copy(bytes, digest.begin());
  return digest;
}

}  // namespace

std::optional<identity::Identity> CompileIdentity(const v1::Identity& message, const Path& place,
                                                  Violations& violations) {
  switch (message.proof_case()) {
    case v1::Identity::kCertificateName: {
      const std::string& name = message.certificate_name();
      const Path name_place(place, "certificate_name");
      if (name.empty() || name.size() > kMaxNameBytes) {
        violations.Invalid(name_place, base::StrCat("not 1 to ", kMaxNameBytes, " bytes: ", name.size()));
      } else if (!IsReadable(name)) {
        violations.Invalid(name_place, "with control characters, or not UTF-8");
      } else {
        return identity::CertificateName{name};
      }
      return std::nullopt;
    }
    case v1::Identity::kTokenSha256: {
      // Never repeated in the message: somebody may have written the token itself.
      if (const auto digest = ReadDigest(message.token_sha256())) return identity::TokenDigest{*digest};
      violations.Invalid(Path(place, "token_sha256"), "not 64 hexadecimal digits");
      return std::nullopt;
    }
    case v1::Identity::kUnixUid:
      return identity::UnixUser{message.unix_uid()};
    case v1::Identity::PROOF_NOT_SET:
      break;
  }
  violations.Invalid(place, "empty; want one of certificate_name, token_sha256, unix_uid");
  return std::nullopt;
}

std::vector<identity::Identity> CompileIdentities(const google::protobuf::RepeatedPtrField<v1::Identity>& messages,
                                                  const Path& parent, Violations& violations) {
  std::vector<identity::Identity> identities;
  for (int i = 0; i < messages.size(); ++i) {
    if (auto identity = CompileIdentity(messages[i], Path(parent, "identities", i), violations)) {
      identities.push_back(*std::move(identity));
    }
  }
  return identities;
}

}  // namespace fairlead::control
