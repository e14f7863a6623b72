#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "api/yaml/yaml.h"
#include "fairlead/v1/transaction.pb.h"
#include "yaml/all_types.pb.h"

namespace {

// What is read is written, and read again as the same: the second text equals the first.
void RoundTrip(std::string_view text, google::protobuf::Message&& message) {
  if (!fairlead::api::ParseYaml(text, {}, &message).ok()) return;
  const std::string written = fairlead::api::ToYaml(message);
  if (!fairlead::api::ParseYaml(written, {}, &message).ok()) std::abort();
  if (fairlead::api::ToYaml(message) != written) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  RoundTrip(text, fairlead::v1::Snapshot());
  RoundTrip(text, fairlead::v1::Transaction());
  RoundTrip(text, fairlead::api::testing::AllTypes());
  return 0;
}
