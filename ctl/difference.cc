#include "ctl/difference.h"

#include <algorithm>
#include <string_view>

#include "api/diff/describe.h"
#include "api/yaml/concat.h"
#include "ctl/printable.h"
#include "google/protobuf/util/message_differencer.h"

namespace fairlead::ctl {
namespace {

using google::protobuf::Message;
using google::protobuf::util::MessageDifferencer;

// What an operation puts in place of what is there.
struct Upserted {
  std::string name;
  // Null if its fields are not to be shown.
  const Message* resource = nullptr;
};

Upserted GetUpserted(const v1::Operation& operation) {
  switch (operation.operation_case()) {
    case v1::Operation::kUpsertListener:
      return {api::Concat("listener ", operation.upsert_listener().id()), &operation.upsert_listener()};
    case v1::Operation::kUpsertRouteTable:
      return {api::Concat("route table ", operation.upsert_route_table().id()), &operation.upsert_route_table()};
    case v1::Operation::kUpsertBackend:
      return {api::Concat("backend ", operation.upsert_backend().id()), &operation.upsert_backend()};
    case v1::Operation::kUpsertServer: {
      const v1::UpsertServer& upsert = operation.upsert_server();
      return {api::Concat("server ", upsert.backend(), "/", upsert.server().id()), &upsert.server()};
    }
    case v1::Operation::kUpsertCertificate:
      return {api::Concat("certificate ", operation.upsert_certificate().id()), nullptr};
    case v1::Operation::kUpsertTrustBundle:
      return {api::Concat("trust bundle ", operation.upsert_trust_bundle().id()), nullptr};
    case v1::Operation::kUpsertTicketKeys:
      return {api::Concat("ticket keys ", operation.upsert_ticket_keys().id()), nullptr};
    case v1::Operation::kUpsertReporter:
      return {api::Concat("reporter ", operation.upsert_reporter().id()), &operation.upsert_reporter()};
    case v1::Operation::kUpsertScope:
      return {api::Concat("scope ", operation.upsert_scope().id()), &operation.upsert_scope()};
    case v1::Operation::kSetHealth: {
      const v1::HealthState& health = operation.set_health();
      return {api::Concat("health of ", health.backend(), "/", health.server()), &health};
    }
    default:
      return {};
  }
}

bool IsRemoval(const v1::Operation& operation) {
  switch (operation.operation_case()) {
    case v1::Operation::kRemoveListener:
    case v1::Operation::kRemoveRouteTable:
    case v1::Operation::kRemoveBackend:
    case v1::Operation::kRemoveServer:
    case v1::Operation::kRemoveCertificate:
    case v1::Operation::kRemoveTrustBundle:
    case v1::Operation::kRemoveTicketKeys:
    case v1::Operation::kRemoveReporter:
    case v1::Operation::kRemoveScope:
      return true;
    case v1::Operation::kSetHealth:
      return operation.set_health().status() == v1::Health::UNKNOWN;
    default:
      return false;
  }
}

// "modified: weight: 50 -> 80" for each field, indented, without the word.
std::string ShowFields(const Message& from, const Message& to) {
  MessageDifferencer differencer;
  std::string report;
  differencer.ReportDifferencesToString(&report);
  // Of a backend: they are resources of their own.
  const auto* servers = v1::Backend::descriptor()->FindFieldByName("servers");
  differencer.IgnoreField(servers);
  differencer.set_report_ignores(false);
  differencer.Compare(from, to);
  std::string shown;
  std::string_view rest = report;
  while (!rest.empty()) {
    std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    constexpr std::string_view kModified = "modified: ";
    if (line.starts_with(kModified)) line.remove_prefix(kModified.size());
    api::Append(shown, "    ", Printable(line), "\n");
  }
  return shown;
}

}  // namespace

DifferenceView::DifferenceView(const v1::Snapshot& from) {
  for (const auto& listener : from.listeners()) resources_[api::Concat("listener ", listener.id())] = &listener;
  for (const auto& table : from.route_tables()) resources_[api::Concat("route table ", table.id())] = &table;
  for (const auto& backend : from.backends()) {
    resources_[api::Concat("backend ", backend.id())] = &backend;
    for (const auto& server : backend.servers()) {
      resources_[api::Concat("server ", backend.id(), "/", server.id())] = &server;
    }
  }
  for (const auto& certificate : from.certificates()) {
    resources_[api::Concat("certificate ", certificate.id())] = &certificate;
  }
  for (const auto& bundle : from.trust_bundles()) resources_[api::Concat("trust bundle ", bundle.id())] = &bundle;
  for (const auto& keys : from.ticket_keys()) resources_[api::Concat("ticket keys ", keys.id())] = &keys;
  for (const auto& reporter : from.reporters()) resources_[api::Concat("reporter ", reporter.id())] = &reporter;
  for (const auto& scope : from.scopes()) resources_[api::Concat("scope ", scope.id())] = &scope;
  for (const auto& health : from.health()) {
    resources_[api::Concat("health of ", health.backend(), "/", health.server())] = &health;
  }
}

std::string DifferenceView::Show(const v1::Operation& operation) const {
  // "upsert server web/w1 {…}", whose first word the sign says.
  const std::string line = Printable(api::DescribeOperation(operation));
  const Upserted upserted = GetUpserted(operation);
  if (IsRemoval(operation)) {
    return api::Concat("- ", operation.has_set_health() ? Printable(upserted.name) : line.substr(line.find(' ') + 1),
                       "\n");
  }
  const auto old = resources_.find(upserted.name);
  if (old == resources_.end()) return api::Concat("+ ", line.substr(line.find(' ') + 1), "\n");
  std::string shown = api::Concat("~ ", Printable(upserted.name), "\n");
  if (upserted.resource != nullptr) shown += ShowFields(*old->second, *upserted.resource);
  return shown;
}

}  // namespace fairlead::ctl
