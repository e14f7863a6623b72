#include "dataplane/proxy/forwarder.h"

#include <arpa/inet.h>

#include <cstdint>
#include <cstring>

#include "dataplane/http/ascii.h"
#include "dataplane/http/forwarded.h"
#include "dataplane/http/scan.h"
#include "dataplane/proxy/client_certificate_fields.h"

namespace fairlead::proxy {
namespace {

// Of a head's version, in config::Forwarding::via.
template <typename Head>
int ViaIndex(const Head& head) {
  if (head.http2) return 2;
  return head.minor_version == 0 ? 0 : 1;
}

// What is kept of a request id that a trusted proxy has made.
constexpr size_t kMaxRequestId = 256;

// An address without its port, as text: IPv4 within IPv6 as IPv4. Empty for unix sockets.
class HostText {
 public:
  explicit HostText(const net::Address& address) {
    if (address.family() == AF_INET) {
      const auto* v4 = reinterpret_cast<const sockaddr_in*>(address.get());
      inet_ntop(AF_INET, &v4->sin_addr, text_, sizeof(text_));
    } else if (address.family() == AF_INET6) {
      const in6_addr& v6 = reinterpret_cast<const sockaddr_in6*>(address.get())->sin6_addr;
      is_v6_ = !IN6_IS_ADDR_V4MAPPED(&v6);
      if (is_v6_) {
        inet_ntop(AF_INET6, &v6, text_, sizeof(text_));
      } else {
        inet_ntop(AF_INET, v6.s6_addr + 12, text_, sizeof(text_));
      }
    }
  }

  std::string_view view() const { return text_; }
  bool is_v6() const { return is_v6_; }

 private:
  char text_[INET6_ADDRSTRLEN] = {};
  bool is_v6_ = false;
};

// The value of the first field of this name that has one; empty: none has.
std::string_view FindValue(const http::RequestHead& request, std::string_view name) {
  for (const http::FieldList::Field& field : request.fields) {
    if (field.value_size > 0 && http::EqualsIgnoreCase(request.fields.name(field), name)) {
      return request.fields.value(field);
    }
  }
  return {};
}

// RFC 9562 §5.4: version 4, random but for six bits.
std::array<char, 36> MakeUuid(load_balancing::Random& random) {
  const uint64_t halves[2] = {(random.Next() & ~uint64_t{0xf000}) | 0x4000,
                              (random.Next() & ~(uint64_t{3} << 62)) | uint64_t{2} << 62};
  std::array<char, 36> text;
  size_t size = 0;
  for (int digit = 0; digit < 32; ++digit) {
    if (digit == 8 || digit == 12 || digit == 16 || digit == 20) text[size++] = '-';
    text[size++] = "0123456789abcdef"[halves[digit / 16] >> (60 - digit % 16 * 4) & 15];
  }
  return text;
}

}  // namespace

const net::Address& Forwarder::ClientAddress(const http::RequestHead& request) {
  if (settings() == nullptr) return client_->address;
  if (!origin_.has_value()) {
    origin_ = client_->address;
    if (TrustsPeer()) {
      const auto is_trusted = [this](const net::Address& address) {
        return settings()->trusted_proxies.Contains(address);
      };
      if (auto client = http::FindClient(request.fields, is_trusted)) origin_ = std::move(client);
    }
  }
  return *origin_;
}

std::string_view Forwarder::RequestId(const http::RequestHead& request, load_balancing::Random& random) {
  if (settings() == nullptr || !settings()->x_request_id) return {};
  if (TrustsPeer()) {
    const std::string_view received = FindValue(request, "x-request-id");
    if (!received.empty() && received.size() <= kMaxRequestId) return received;
  }
  if (!has_own_id_) {
    own_id_ = MakeUuid(random);
    has_own_id_ = true;
  }
  return {own_id_.data(), own_id_.size()};
}

size_t Forwarder::BeginList(const http::RequestHead& request, std::string_view name) {
  const size_t begin = text_.size();
  if (!TrustsPeer()) return begin;
  for (const http::FieldList::Field& field : request.fields) {
    if (field.value_size == 0 || !http::EqualsIgnoreCase(request.fields.name(field), name)) continue;
    text_.append(request.fields.value(field)).append(", ");
  }
  return begin;
}

// RFC 7239 §4.
void Forwarder::AppendElement(const http::RequestHead& request) {
  const HostText host(client_->address);
  text_.append("for=");
  if (host.view().empty()) {
    text_.append("unknown");
  } else if (host.is_v6()) {
    text_.append("\"[").append(host.view()).append("]\"");
  } else {
    text_.append(host.view());
  }
  // An authority holds no quotes and no backslashes.
  const std::string_view authority = request.Get(request.authority);
  if (http::IsToken(authority)) {
    text_.append(";host=").append(authority);
  } else if (!authority.empty()) {
    text_.append(";host=\"").append(authority).append("\"");
  }
  text_.append(";proto=").append(client_->scheme());
}

void Forwarder::EditCertificateFields(const http::RequestHead& request, http::FieldEdits* edits) {
  const config::ServerTls& settings = *client_->listener->tls;
  if (settings.context->settings().client_auth == tls::ClientAuth::kNone) return;
  RemoveClientCertificateFields(request.fields, edits);
  // A connection may be older than its listener's TLS.
  const tls::PeerCertificate* const certificate = client_->certificate();
  if (certificate != nullptr && settings.forward_client_certificate) {
    AddClientCertificateFields(*certificate, &names_text_, edits);
  }
}

void Forwarder::EditRequest(const http::RequestHead& request, load_balancing::Random& random, http::FieldEdits* edits) {
  if (client_->listener->tls != nullptr) EditCertificateFields(request, edits);
  const config::Forwarding* const settings = this->settings();
  if (settings == nullptr) return;
  const bool trusted = TrustsPeer();
  if (!trusted) {
    for (const http::FieldList::Field& field : request.fields) {
      const std::string_view name = request.fields.name(field);
      if (http::IsForwardingField(name)) edits->Remove(name);
    }
  }
  text_.clear();
  // So that what points into it stays: the lists are of the head, the rest is two addresses and a host.
  text_.reserve(request.fields.wire_size() + request.authority.size + 256);

  const HostText host(client_->address);
  if (settings->x_forwarded_for && !host.view().empty()) {
    const size_t begin = BeginList(request, "x-forwarded-for");
    text_.append(host.view());
    edits->Set("X-Forwarded-For", std::string_view(text_).substr(begin));
  }
  const auto has = [&](std::string_view name) { return trusted && !FindValue(request, name).empty(); };
  if (settings->x_forwarded_proto && !has("x-forwarded-proto")) edits->Set("X-Forwarded-Proto", client_->scheme());
  if (settings->x_forwarded_host && request.authority.size > 0 && !has("x-forwarded-host")) {
    edits->Set("X-Forwarded-Host", request.Get(request.authority));
  }
  if (settings->forwarded) {
    const size_t begin = BeginList(request, "forwarded");
    AppendElement(request);
    edits->Set("Forwarded", std::string_view(text_).substr(begin));
  }
  const std::string& via = settings->via[ViaIndex(request)];
  if (!via.empty()) edits->Add("Via", via);
  if (settings->x_request_id) edits->Set("X-Request-Id", RequestId(request, random));
}

void Forwarder::EditResponse(const http::RequestHead& request, const http::ResponseHead* response,
                             load_balancing::Random& random, http::FieldEdits* edits) {
  const config::Forwarding* const settings = this->settings();
  if (settings == nullptr) return;
  if (response != nullptr) {
    const std::string& via = settings->via[ViaIndex(*response)];
    if (!via.empty()) edits->Add("Via", via);
  }
  if (settings->x_request_id) edits->Set("X-Request-Id", RequestId(request, random));
}

}  // namespace fairlead::proxy
