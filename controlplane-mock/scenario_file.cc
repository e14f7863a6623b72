#include "controlplane-mock/scenario_file.h"

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "api/yaml/yaml.h"

namespace fairlead::controlplane_mock {
namespace {

bool IsNegative(const google::protobuf::Duration& duration) { return duration.seconds() < 0 || duration.nanos() < 0; }

int CountActions(const Step& step) {
  return step.has_weight() + step.has_admin_state() + step.has_health() + step.has_add_server() +
         step.has_remove_server() + !step.apply().empty() + !step.operations().empty() + step.has_transaction() +
         step.has_misbehave() + step.has_expect();
}

std::string Problem(const Step& step) {
  if (CountActions(step) == 0) return "does nothing";
  if (CountActions(step) > 1) return "does more than one thing";
  if (IsNegative(step.at())) return "at: must not be negative";
  if (step.has_misbehave() && step.misbehave().kind() == Misbehaviour::UNSPECIFIED) return "misbehave.kind: is missing";
  if (IsNegative(step.misbehave().duration())) return "misbehave.duration: must not be negative";
  if (step.has_expect() && step.expect().event() == Expectation::UNSPECIFIED) return "expect.event: is missing";
  if (IsNegative(step.expect().within())) return "expect.within: must not be negative";
  const bool one_proxy_is_meant = step.has_transaction() || step.has_misbehave() || step.has_expect();
  if (!step.proxy().empty() && !one_proxy_is_meant) return "proxy: what should be served is the same for all proxies";
  return "";
}

}  // namespace

absl::StatusOr<Scenario> LoadScenario(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  if (!file.is_open() || file.bad()) return absl::ErrnoToStatus(errno, absl::StrCat(path, ": cannot be read"));
  Scenario scenario;
  const api::YamlOptions options{.file_name = path, .base_directory = std::filesystem::absolute(path).parent_path()};
  if (absl::Status parsed = api::ParseYaml(text, options, &scenario); !parsed.ok()) return parsed;
  if (absl::Status checked = CheckScenario(scenario); !checked.ok()) {
    return absl::Status(checked.code(), absl::StrCat(path, ": ", std::string(checked.message())));
  }
  return scenario;
}

absl::Status CheckScenario(const Scenario& scenario) {
  std::vector<std::string> problems;
  for (int i = 0; i < scenario.steps_size(); ++i) {
    const std::string problem = Problem(scenario.steps(i));
    if (!problem.empty()) problems.push_back(absl::StrCat("steps[", i, "]: ", problem));
  }
  return problems.empty() ? absl::OkStatus() : absl::InvalidArgumentError(absl::StrJoin(problems, "\n"));
}

}  // namespace fairlead::controlplane_mock
