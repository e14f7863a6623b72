// Address::Parse: whatever it takes, it writes in a form that means the same.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "dataplane/net/address.h"

using fairlead::net::Address;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto address = Address::Parse(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!address.ok()) return 0;
  if (Address::Parse(address->ToString()).value() != *address) std::abort();
  if (Address::FromSockaddr(address->get(), address->length()) != *address) std::abort();
  return 0;
}
