#include "api/diff/describe.h"

#include <algorithm>
#include <string_view>

#include "api/yaml/concat.h"
#include "api/yaml/utf8.h"
#include "api/yaml/yaml.h"

namespace fairlead::api {
namespace {

constexpr size_t kMaxBytes = 160;
constexpr std::string_view kEllipsis = "…";

std::string Shorten(std::string line) {
  if (line.size() <= kMaxBytes) return line;
  line.resize(kMaxBytes - kEllipsis.size());
  // The cut may have left the beginning of a character.
  line.resize(std::min(FindInvalidUtf8(line), line.size()));
  return Concat(line, kEllipsis);
}

// `settings` has no id: the line begins with it.
std::string Describe(std::string_view what, std::string_view name, const google::protobuf::Message& settings) {
  return Shorten(Concat(what, " ", name, " ", ToYaml(settings, {.one_line = true})));
}

template <typename Resource>
std::string DescribeUpsert(std::string_view what, Resource resource) {
  const std::string name = resource.id();
  resource.clear_id();
  return Describe(what, name, resource);
}

std::string DescribeUpsertServer(const v1::UpsertServer& upsert) {
  v1::Server settings = upsert.server();
  settings.clear_id();
  return Describe("upsert server", Concat(upsert.backend(), "/", upsert.server().id()), settings);
}

std::string DescribeHealth(v1::HealthState health) {
  const std::string name = Concat(health.backend(), "/", health.server());
  if (health.status() == v1::Health::UNKNOWN) return Shorten(Concat("take back the health of ", name));
  health.clear_backend();
  health.clear_server();
  return Describe("set health of", name, health);
}

}  // namespace

std::string DescribeOperation(const v1::Operation& operation) {
  switch (operation.operation_case()) {
    case v1::Operation::kUpsertListener:
      return DescribeUpsert("upsert listener", operation.upsert_listener());
    case v1::Operation::kRemoveListener:
      return Shorten(Concat("remove listener ", operation.remove_listener()));
    case v1::Operation::kUpsertRouteTable:
      return DescribeUpsert("upsert route table", operation.upsert_route_table());
    case v1::Operation::kRemoveRouteTable:
      return Shorten(Concat("remove route table ", operation.remove_route_table()));
    case v1::Operation::kUpsertBackend:
      return DescribeUpsert("upsert backend", operation.upsert_backend());
    case v1::Operation::kRemoveBackend:
      return Shorten(Concat("remove backend ", operation.remove_backend()));
    case v1::Operation::kUpsertServer:
      return DescribeUpsertServer(operation.upsert_server());
    case v1::Operation::kRemoveServer:
      return Shorten(
          Concat("remove server ", operation.remove_server().backend(), "/", operation.remove_server().server()));
    case v1::Operation::kUpsertCertificate:
      return Shorten(Concat("upsert certificate ", operation.upsert_certificate().id()));
    case v1::Operation::kRemoveCertificate:
      return Shorten(Concat("remove certificate ", operation.remove_certificate()));
    case v1::Operation::kUpsertTrustBundle:
      return Shorten(Concat("upsert trust bundle ", operation.upsert_trust_bundle().id()));
    case v1::Operation::kRemoveTrustBundle:
      return Shorten(Concat("remove trust bundle ", operation.remove_trust_bundle()));
    case v1::Operation::kUpsertTicketKeys:
      return Shorten(Concat("upsert ticket keys ", operation.upsert_ticket_keys().id()));
    case v1::Operation::kRemoveTicketKeys:
      return Shorten(Concat("remove ticket keys ", operation.remove_ticket_keys()));
    case v1::Operation::kUpsertReporter:
      return DescribeUpsert("upsert reporter", operation.upsert_reporter());
    case v1::Operation::kRemoveReporter:
      return Shorten(Concat("remove reporter ", operation.remove_reporter()));
    case v1::Operation::kUpsertScope:
      return DescribeUpsert("upsert scope", operation.upsert_scope());
    case v1::Operation::kRemoveScope:
      return Shorten(Concat("remove scope ", operation.remove_scope()));
    case v1::Operation::kSetHealth:
      return DescribeHealth(operation.set_health());
    case v1::Operation::OPERATION_NOT_SET:
      return "nothing";
  }
  return "nothing";
}

}  // namespace fairlead::api
