#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "fairlead/v1/resources.pb.h"

namespace fairlead::api {

// The bytes by which two resources are the same or differ: protobuf's deterministic serialisation, fields by number,
// maps by key, then unknown fields as they came. Replaces what `bytes` held and uses its memory again.
void CanonicalBytes(const google::protobuf::Message& message, std::string& bytes);

// A backend taken apart: its servers are resources of their own. For one owner to fill again and again.
class CanonicalBackend {
 public:
  // Serialises once and cuts at the edges of the fields: a backend of 100,000 servers is not copied as a message only
  // to clear them. Replaces what an earlier call left.
  void Split(const v1::Backend& backend);

  // Of the Backend with `servers` cleared. Valid until the next Split.
  const std::string& settings() const { return settings_; }
  // Of each server, in their order. Valid until the next Split.
  const std::vector<std::string_view>& servers() const { return servers_; }

 private:
  std::string whole_;
  std::string settings_;
  std::vector<std::string_view> servers_;
};

}  // namespace fairlead::api
