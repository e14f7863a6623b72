#include "dataplane/admin/metrics_page.h"

#include "dataplane/admin/admission_families.h"
#include "dataplane/admin/backend_states.h"
#include "dataplane/admin/process_families.h"
#include "dataplane/admin/request_families.h"
#include "dataplane/admin/tls_families.h"
#include "dataplane/admin/upstream_families.h"
#include "dataplane/admin/worker_families.h"

namespace fairlead::admin {

MetricsPage::MetricsPage(Status status, const ProcessUsage& usage) : status_(std::move(status)), usage_(usage) {
  const config::Snapshot* snapshot = &status_.snapshot;
  const auto add = [&]<typename Section>(std::unique_ptr<Section> section) { sections_.push_back(std::move(section)); };
  add(std::make_unique<FamiliesSection<ListenerItems>>("fairlead_listener_", ListenerFamilies(), snapshot));
  add(std::make_unique<FamiliesSection<RuleItems>>("fairlead_rule_", RuleFamilies(), snapshot));
  add(std::make_unique<BackendStates>(snapshot));
  add(std::make_unique<FamiliesSection<BackendItems>>("fairlead_backend_", BackendFamilies(), snapshot));
  add(std::make_unique<FamiliesSection<BackendItems>>("fairlead_backend_", AdmissionFamilies(), snapshot));
  add(std::make_unique<FamiliesSection<CertificateItems>>("fairlead_certificate_", CertificateFamilies(), snapshot));
  if (!status_.server_metrics) return;
  add(std::make_unique<FamiliesSection<ServerItems>>("fairlead_server_", ServerFamilies(), snapshot));
}

std::string_view MetricsPage::NextPiece() {
  piece_.clear();
  if (!begun_) {
    begun_ = true;
    WriteProcessFamilies(status_, usage_, &writer_);
    WriteWorkerFamilies(status_.workers, &writer_);
  }
  for (int steps = 0; next_ < sections_.size() && steps < kPieceServers && piece_.size() < kPieceBytes; ++steps) {
    if (!sections_[next_]->Step(&writer_)) ++next_;
  }
  // An empty piece would be the end; servers may have been counted, and nothing be known yet.
  if (piece_.empty() && next_ < sections_.size()) piece_ = "# counting\n";
  return piece_;
}

}  // namespace fairlead::admin
