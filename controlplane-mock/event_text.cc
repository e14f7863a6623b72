#include "controlplane-mock/event_text.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "api/diff/describe.h"

namespace fairlead::controlplane_mock {
namespace {

constexpr int kMostOperationsListed = 10;

std::string Counted(int count, const char* thing) { return absl::StrCat(count, " ", thing, count == 1 ? "" : "s"); }

int CountResources(const v1::Snapshot& snapshot) {
  int count = snapshot.listeners_size() + snapshot.route_tables_size() + snapshot.backends_size() +
              snapshot.certificates_size() + snapshot.trust_bundles_size() + snapshot.ticket_keys_size() +
              snapshot.reporters_size() + snapshot.scopes_size() + snapshot.health_size();
  for (const v1::Backend& backend : snapshot.backends()) count += backend.servers_size();
  return count;
}

}  // namespace

std::string DescribeProxy(const v1::Hello& hello) {
  return hello.zone().empty() ? absl::StrCat("proxy ", hello.node_id())
                              : absl::StrCat("proxy ", hello.node_id(), " (zone ", hello.zone(), ")");
}

std::string DescribeTransaction(const v1::Transaction& transaction) {
  const std::string name = absl::StrCat(transaction.id(), transaction.dry_run() ? " (dry run): " : ": ");
  if (transaction.has_snapshot()) {
    return absl::StrCat(name, "snapshot of ", Counted(CountResources(transaction.snapshot()), "resource"));
  }
  if (transaction.has_rollback_to()) {
    const bool changes_nothing =
        transaction.has_base_revision() && transaction.base_revision() == transaction.rollback_to();
    return changes_nothing ? absl::StrCat(name, "leader epoch ", transaction.leader_epoch(), ", and no change")
                           : absl::StrCat(name, "back to revision ", transaction.rollback_to());
  }
  std::string text = absl::StrCat(name, Counted(transaction.operations_size(), "operation"));
  if (transaction.has_base_revision()) absl::StrAppend(&text, " on revision ", transaction.base_revision());
  if (transaction.operations_size() > kMostOperationsListed) return text;
  for (const v1::Operation& operation : transaction.operations()) {
    absl::StrAppend(&text, "\n  ", api::DescribeOperation(operation));
  }
  return text;
}

std::string DescribeApplied(const v1::Applied& applied) {
  const double milliseconds =
      static_cast<double>(applied.duration().seconds()) * 1e3 + static_cast<double>(applied.duration().nanos()) / 1e6;
  return absl::StrFormat("%s revision %d in %.1f ms (+%d ~%d -%d)", applied.dry_run() ? "would apply" : "applied",
                         applied.revision(), milliseconds, applied.added(), applied.changed(), applied.removed());
}

std::string DescribeRejected(const v1::Rejected& rejected) {
  std::string text = absl::StrCat("rejected ", rejected.transaction_id(), ", serving revision ", rejected.revision(),
                                  " still: ", Counted(rejected.violations_size(), "violation"));
  for (const v1::Violation& violation : rejected.violations()) {
    absl::StrAppend(&text, "\n  ", violation.path(), violation.path().empty() ? "" : ": ", violation.message(), " (",
                    v1::Violation::Code_Name(violation.code()), ")");
  }
  return text;
}

}  // namespace fairlead::controlplane_mock
