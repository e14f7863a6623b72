#include "prober/peer_protocol.h"

#include "dataplane/tls/hmac.h"

namespace fairlead::prober {
namespace {

constexpr std::string_view kMagic = "FLP1";

}  // namespace

std::string SealBeat(const v1::ProberBeat& beat, std::string_view key) {
  std::string datagram(kMagic);
  beat.AppendToString(&datagram);
  if (!key.empty()) datagram += tls::HmacSha256(key, datagram);
  return datagram;
}

std::optional<v1::ProberBeat> OpenBeat(std::string_view datagram, std::string_view key) {
  if (datagram.size() > kMaxDatagram || !datagram.starts_with(kMagic)) return std::nullopt;
  if (!key.empty()) {
    if (datagram.size() < kMagic.size() + tls::kHmacSha256Size) return std::nullopt;
    const std::string_view said = datagram.substr(datagram.size() - tls::kHmacSha256Size);
    datagram.remove_suffix(tls::kHmacSha256Size);
    if (!tls::SameSecret(said, tls::HmacSha256(key, datagram))) return std::nullopt;
  }
  datagram.remove_prefix(kMagic.size());
  v1::ProberBeat beat;
  if (!beat.ParseFromArray(datagram.data(), static_cast<int>(datagram.size())) || beat.id().empty())
    return std::nullopt;
  return beat;
}

}  // namespace fairlead::prober
