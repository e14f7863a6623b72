#include "ctl/impact_text.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"
#include "api/yaml/concat.h"
#include "ctl/printable.h"

namespace fairlead::ctl {
namespace {

std::string Eligible(const v1::Capacity& capacity) {
  return api::Concat(capacity.eligible_servers(), " of ", capacity.servers(), " servers eligible");
}

std::string Describe(const v1::BackendImpact& impact) {
  std::string line = api::Concat("  backend ", Printable(impact.id()), ": ");
  if (!impact.has_before()) return line + "new, " + Eligible(impact.after()) + "\n";
  if (!impact.has_after()) {
    line += api::Concat("removed, with ", impact.before().servers(), " servers");
  } else {
    line += api::Concat(Eligible(impact.before()), " -> ", impact.after().eligible_servers(), " of ",
                        impact.after().servers(), ", weight ", impact.before().eligible_weight(), " -> ",
                        impact.after().eligible_weight());
    if (impact.moved_share() > 0) line += absl::StrFormat(", %.3g%% of the traffic moves", impact.moved_share() * 100);
  }
  if (impact.displaced_requests() > 0) line += api::Concat(", ", impact.displaced_requests(), " requests finish");
  if (impact.ended_requests() > 0) line += api::Concat(", ", impact.ended_requests(), " requests are cut off");
  if (impact.closed_connections() > 0) line += api::Concat(", ", impact.closed_connections(), " connections close");
  return line + "\n";
}

std::string Describe(const v1::ListenerImpact& impact) {
  std::string line = api::Concat("  listener ", Printable(impact.id()), ": ",
                                 absl::AsciiStrToLower(v1::ListenerImpact::Change_Name(impact.change())));
  if (impact.drained_connections() > 0) line += api::Concat(", ", impact.drained_connections(), " connections drain");
  return line + "\n";
}

}  // namespace

std::string DescribeImpact(const v1::Impact& impact) {
  std::string text;
  for (const v1::BackendImpact& backend : impact.backends()) text += Describe(backend);
  for (const v1::ListenerImpact& listener : impact.listeners()) text += Describe(listener);
  return text;
}

}  // namespace fairlead::ctl
