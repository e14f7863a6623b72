// ParseProxyHeader: a header that came whole is read the same byte by byte, and what it says can be written and read.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "dataplane/net/proxy_protocol.h"

using fairlead::net::ParseProxyHeader;
using fairlead::net::ProxyHeader;
using fairlead::net::ProxyHeaderResult;
using Status = ProxyHeaderResult::Status;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  ProxyHeader header;
  const ProxyHeaderResult result = ParseProxyHeader(bytes, &header);
  for (size_t part = 0; part < size && part < 300; ++part) {
    ProxyHeader ignored;
    const ProxyHeaderResult partial = ParseProxyHeader(bytes.substr(0, part), &ignored);
    if (partial.status == Status::kIncomplete) continue;
    // Decided early: as it is decided with all.
    if (partial.status != result.status || partial.size != result.size) std::abort();
    break;
  }
  if (result.status != Status::kDone) return 0;
  if (result.size == 0 || result.size > size) std::abort();
  if (header.source.has_value() != header.destination.has_value()) std::abort();
  if (!header.source.has_value()) return 0;
  ProxyHeader again;
  const std::string written = WriteProxyHeaderV2(*header.source, *header.destination, header.tlvs);
  if (ParseProxyHeader(written, &again).status != Status::kDone) std::abort();
  if (header.source->family() != AF_UNIX && again.source != header.source) std::abort();
  return 0;
}
