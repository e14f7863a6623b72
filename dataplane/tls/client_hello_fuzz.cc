// ReadClientHello: what is read of a beginning is read of the whole, and of the same message in other records.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "dataplane/base/host_name.h"
#include "dataplane/tls/client_hello.h"
#include "dataplane/tls/test_client_hello.h"

using fairlead::tls::ClientHello;
using fairlead::tls::ClientHelloResult;
using fairlead::tls::kMaxClientHelloSize;
using fairlead::tls::ReadClientHello;
using Status = ClientHelloResult::Status;

namespace {

void CheckBeginnings(std::string_view bytes, const ClientHelloResult& result, const ClientHello& hello) {
  for (size_t size = 0; size < bytes.size() && size < 600; ++size) {
    ClientHello part;
    const ClientHelloResult decided = ReadClientHello(bytes.substr(0, size), &part);
    if (decided.status == Status::kIncomplete) continue;
    if (decided.status != result.status || part.server_name != hello.server_name) std::abort();
    return;
  }
}

// The message that the records of `bytes` hold, in records of other sizes.
void CheckOtherRecords(std::string_view bytes, const ClientHello& hello) {
  std::string message;
  while (bytes.size() > 5) {
    const size_t size = static_cast<uint8_t>(bytes[3]) << 8 | static_cast<uint8_t>(bytes[4]);
    message += bytes.substr(5, size);
    bytes.remove_prefix(std::min(bytes.size(), 5 + size));
  }
  const size_t size = 4 + (static_cast<uint8_t>(message[1]) << 16 | static_cast<uint8_t>(message[2]) << 8 |
                           static_cast<uint8_t>(message[3]));
  message.resize(size);
  for (size_t record_size : {1, 2, 7, 100, 16384}) {
    const std::string records = fairlead::tls::Records(message, record_size);
    if (records.size() > kMaxClientHelloSize) continue;
    ClientHello again;
    if (ReadClientHello(records, &again).status != Status::kDone) std::abort();
    if (again.server_name != hello.server_name) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  ClientHello hello;
  const ClientHelloResult result = ReadClientHello(bytes, &hello);
  if ((result.error != nullptr) != (result.status == Status::kMalformed)) std::abort();
  if (result.status == Status::kIncomplete && size >= kMaxClientHelloSize) std::abort();
  CheckBeginnings(bytes, result, hello);
  if (result.status != Status::kDone) return 0;
  if (!hello.server_name.empty() && !fairlead::base::IsHostName(hello.server_name)) std::abort();
  CheckOtherRecords(bytes, hello);
  return 0;
}
