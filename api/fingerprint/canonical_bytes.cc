#include "api/fingerprint/canonical_bytes.h"

#include <cstdint>

#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "google/protobuf/wire_format_lite.h"

namespace fairlead::api {
namespace {

using google::protobuf::internal::WireFormatLite;

// A field of that number but of another wire type is an unknown field, and stays among the settings.
constexpr uint32_t kServersTag =
    WireFormatLite::MakeTag(v1::Backend::kServersFieldNumber, WireFormatLite::WIRETYPE_LENGTH_DELIMITED);

}  // namespace

void CanonicalBytes(const google::protobuf::Message& message, std::string& bytes) {
  bytes.clear();
  google::protobuf::io::StringOutputStream output(&bytes);
  google::protobuf::io::CodedOutputStream coded(&output);
  coded.SetSerializationDeterministic(true);
  message.SerializeToCodedStream(&coded);
}

void CanonicalBackend::Split(const v1::Backend& backend) {
  CanonicalBytes(backend, whole_);
  settings_.clear();
  servers_.clear();
  servers_.reserve(static_cast<size_t>(backend.servers_size()));

  const std::string_view whole = whole_;
  google::protobuf::io::CodedInputStream input(reinterpret_cast<const uint8_t*>(whole.data()),
                                               static_cast<int>(whole.size()));
  while (true) {
    const int begin = input.CurrentPosition();
    const uint32_t tag = input.ReadTag();
    if (tag == 0) return;
    if (tag == kServersTag) {
      uint32_t length = 0;
      input.ReadVarint32(&length);
      servers_.push_back(whole.substr(static_cast<size_t>(input.CurrentPosition()), length));
      input.Skip(static_cast<int>(length));
    } else {
      WireFormatLite::SkipField(&input, tag);
      settings_.append(whole.substr(static_cast<size_t>(begin), static_cast<size_t>(input.CurrentPosition() - begin)));
    }
  }
}

}  // namespace fairlead::api
