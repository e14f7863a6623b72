// Network::Parse: whatever it takes, it writes in a form that means the same, and it holds its own first address.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "dataplane/net/network.h"

using fairlead::net::Network;
using fairlead::net::NetworkSet;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto network = Network::Parse(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!network.ok()) return 0;
  const std::string text = network->ToString();
  if (Network::Parse(text).value() != *network) std::abort();
  if (network->family() == Network::Family::kUnix) return 0;
  const std::string first = text.substr(0, text.find('/'));
  const bool is_v4 = network->family() == Network::Family::kIpv4;
  const auto address = fairlead::net::Address::Parse(is_v4 ? first + ":1" : "[" + first + "]:1");
  if (!network->Contains(address.value())) std::abort();
  if (!NetworkSet({*network}).Contains(address.value())) std::abort();
  return 0;
}
