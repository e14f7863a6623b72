#include "dataplane/server/identity_files.h"

#include <sys/stat.h>

#include <fstream>
#include <iterator>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "dataplane/tls/certificate.h"
#include "dataplane/tls/trust_bundle.h"

namespace fairlead::server {
namespace {

std::string ReadFile(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

std::string Days(time_t seconds) { return absl::StrCat(seconds / (24 * 3600), " d ", seconds / 3600 % 24, " h"); }

}  // namespace

absl::StatusOr<std::unique_ptr<IdentityFiles>> IdentityFiles::Load(const api::MutualTls& files, std::string flag_prefix,
                                                                   time_t now) {
  if (absl::Status status = api::CheckMutualTls(files, flag_prefix); !status.ok()) return status;
  std::unique_ptr<IdentityFiles> loaded(new IdentityFiles(files, std::move(flag_prefix)));
  loaded->stamp_ = loaded->StampNow();
  if (absl::Status status = loaded->Read(now); !status.ok()) return status;
  return loaded;
}

absl::Status IdentityFiles::Read(time_t now) {
  const auto wrong = [this](const char* flag, const std::string& path, const std::string& why) {
    return absl::InvalidArgumentError(absl::StrCat(flag_prefix_, flag, ": ", path, ": ", why));
  };
  const std::string chain = ReadFile(files_.certificate);
  const std::string key = ReadFile(files_.key);
  std::vector<tls::CertificateFault> faults;
  std::shared_ptr<const tls::Certificate> certificate = tls::Certificate::Parse({chain, key, ""}, now, faults);
  if (certificate == nullptr) {
    const bool of_key = faults[0].part == tls::CertificateFault::Part::kKey;
    return of_key ? wrong("key", files_.key, faults[0].text) : wrong("cert", files_.certificate, faults[0].text);
  }
  std::vector<tls::TrustFault> trust_faults;
  std::shared_ptr<const tls::TrustBundle> trust = tls::TrustBundle::Parse(ReadFile(files_.ca), "", trust_faults);
  if (trust == nullptr) return wrong("ca", files_.ca, trust_faults[0].text);
  const time_t not_after = certificate->not_after();
  absl::StatusOr<std::shared_ptr<const tls::ServerContext>> context = tls::ServerContext::Create(
      {.certificates = {std::move(certificate)}, .client_auth = tls::ClientAuth::kRequired, .trust = std::move(trust)});
  if (!context.ok()) return wrong("cert", files_.certificate, std::string(context.status().message()));
  context_ = *std::move(context);
  not_after_ = not_after;
  remind_next_ = 0;
  return absl::OkStatus();
}

IdentityFiles::Stamp IdentityFiles::StampNow() const {
  Stamp stamp;
  for (const std::string* path : {&files_.ca, &files_.certificate, &files_.key}) {
    struct stat status = {};
    if (stat(path->c_str(), &status) != 0) {
      stamp += "missing ";
      continue;
    }
    absl::StrAppend(&stamp, status.st_dev, "/", status.st_ino, "/", status.st_size, "/", status.st_mtim.tv_sec, ".",
                    status.st_mtim.tv_nsec, " ");
  }
  return stamp;
}

std::string IdentityFiles::Look(time_t now) {
  Stamp stamp = StampNow();
  if (stamp == stamp_) return Remind(now);
  stamp_ = std::move(stamp);
  if (absl::Status status = Read(now); !status.ok()) {
    return absl::StrCat(std::string(status.message()), "; what was there before stays in use");
  }
  return absl::StrCat(flag_prefix_, "cert: ", files_.certificate, " was read anew; it ends in ",
                      Days(not_after_ - now));
}

std::string IdentityFiles::Remind(time_t now) {
  if (not_after_ - now >= kWarnSeconds || now < remind_next_) return {};
  remind_next_ = now + kRemindSeconds;
  if (now >= not_after_) {
    return absl::StrCat(flag_prefix_, "cert: ", files_.certificate,
                        " has expired: nobody else will trust this process");
  }
  return absl::StrCat(flag_prefix_, "cert: ", files_.certificate, " expires in ", Days(not_after_ - now));
}

}  // namespace fairlead::server
