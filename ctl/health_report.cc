#include <chrono>
#include <string>
#include <string_view>

#include "absl/strings/ascii.h"
#include "api/yaml/concat.h"
#include "api/yaml/nearest_name.h"
#include "api/yaml/scalars.h"
#include "ctl/address.h"
#include "ctl/commands.h"
#include "ctl/printable.h"
#include "ctl/requests.h"
#include "ctl/server_name.h"
#include "fairlead/v1/control.grpc.pb.h"

namespace fairlead::ctl {
namespace {

constexpr std::string_view kUsage = "health report BACKEND/SERVER up|degraded|down|unknown";
constexpr std::string_view kDefaultReporter = "fairleadctl";

absl::StatusOr<v1::Health::Status> ParseHealth(const std::string& text) {
  v1::Health::Status status = v1::Health::UNKNOWN;
  if (v1::Health::Status_Parse(absl::AsciiStrToUpper(text), &status)) return status;
  return absl::InvalidArgumentError(api::Concat("unknown health \"", text, "\";",
                                                api::DidYouMean(text, {"up", "degraded", "down", "unknown"}),
                                                " known: up, degraded, down, unknown"));
}

absl::Status SetNumber(const Arguments& arguments, std::string_view flag, v1::HealthReport& report,
                       void (v1::HealthReport::*set)(uint64_t)) {
  if (!arguments.Has(flag)) return absl::OkStatus();
  const std::string text = arguments.Get(flag, "");
  const auto number = api::ParseUnsigned(text);
  if (!number) return absl::InvalidArgumentError(api::Concat("--", flag, " is a whole number, not \"", text, "\""));
  (report.*set)(*number);
  return absl::OkStatus();
}

absl::StatusOr<v1::HealthReport> ReadReport(const Invocation& invocation) {
  const Arguments& arguments = invocation.arguments;
  const absl::StatusOr<ServerName> name = ParseServerName(invocation.words[0]);
  if (!name.ok()) return name.status();
  const absl::StatusOr<v1::Health::Status> status = ParseHealth(invocation.words[1]);
  if (!status.ok()) return status.status();
  v1::HealthReport report;
  report.set_backend(name->backend);
  report.set_server(name->server);
  report.set_status(*status);
  report.set_reporter(arguments.Get("reporter", kDefaultReporter));
  report.set_reason(arguments.Get("reason", ""));
  absl::Status number = SetNumber(arguments, "sequence", report, &v1::HealthReport::set_sequence);
  if (!number.ok()) return number;
  number = SetNumber(arguments, "incarnation", report, &v1::HealthReport::set_incarnation);
  if (!number.ok()) return number;
  if (arguments.Has("ttl")) {
    const std::string text = arguments.Get("ttl", "");
    const auto ttl = api::ParseDuration(text);
    if (!ttl) return absl::InvalidArgumentError(api::Concat("--ttl is a duration like 10s, not \"", text, "\""));
    report.mutable_ttl()->set_seconds(ttl->seconds);
    report.mutable_ttl()->set_nanos(ttl->nanos);
  }
  return report;
}

// A report can't be sent to be checked alone; that the server exists can be asked for.
absl::StatusOr<ExitCode> CheckOnly(const Invocation& invocation, const v1::HealthReport& report) {
  const absl::StatusOr<std::unique_ptr<Connection>> connection = Connection::Open(invocation.proxy);
  if (!connection.ok()) return connection.status();
  v1::StateFilter filter;
  filter.set_without_status(true);
  filter.add_backends(report.backend());
  const absl::StatusOr<v1::StateReport> state = GetState(**connection, filter);
  if (!state.ok()) return state.status();
  for (const v1::Backend& backend : state->config().backends()) {
    for (const v1::Server& server : backend.servers()) {
      if (backend.id() != report.backend() || server.id() != report.server()) continue;
      invocation.environment.out << "would report " << invocation.words[0] << " "
                                 << v1::Health::Status_Name(report.status()) << " as " << report.reporter() << "\n";
      return ExitCode::kDone;
    }
  }
  return absl::NotFoundError(api::Concat("no server \"", invocation.words[0], "\""));
}

absl::StatusOr<v1::HealthReportAnswer> Send(const Invocation& invocation, const v1::HealthReport& report) {
  const absl::StatusOr<std::shared_ptr<grpc::Channel>> channel =
      MakeChannel(invocation.proxy.address, invocation.proxy.tls);
  if (!channel.ok()) return channel.status();
  const std::unique_ptr<v1::HealthIngest::Stub> stub = v1::HealthIngest::NewStub(*channel);
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + invocation.proxy.timeout);
  const auto stream = stub->Report(&context);
  v1::HealthReportBatch batch;
  *batch.add_reports() = report;
  v1::HealthReportAnswer answer;
  // A write that fails shows in what the stream ends with.
  if (stream->Write(batch) && stream->Read(&answer)) {
    context.TryCancel();
    stream->Finish();
    return answer;
  }
  const grpc::Status status = stream->Finish();
  const std::string& address = invocation.proxy.address;
  if (status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED) {
    return NoAnswerError(address, invocation.proxy.timeout);
  }
  return absl::UnavailableError(
      api::Concat("can't reach the proxy at ", address, ": ",
                  status.ok() ? "it ended the stream" : WhyUnreachable(status.error_message())));
}

absl::StatusOr<ExitCode> Run(const Invocation& invocation) {
  const absl::Status counted = CheckWordCount(invocation, kUsage, 2, 2);
  if (!counted.ok()) return counted;
  const absl::StatusOr<v1::HealthReport> report = ReadReport(invocation);
  if (!report.ok()) return report.status();
  if (invocation.arguments.IsOn("dry_run")) return CheckOnly(invocation, *report);

  const absl::StatusOr<v1::HealthReportAnswer> answer = Send(invocation, *report);
  if (!answer.ok()) return answer.status();
  const Environment& environment = invocation.environment;
  if (invocation.format != OutputFormat::kTable) {
    const absl::Status printed = PrintMessage(*answer, invocation.format, {.print_defaults = true}, environment.out);
    if (!printed.ok()) return printed;
  }
  for (const v1::HealthReportError& error : answer->errors()) environment.err << Printable(error.message()) << "\n";
  if (answer->accepted() == 0) return ExitCode::kRejected;
  if (invocation.format == OutputFormat::kTable) {
    environment.out << "reported " << invocation.words[0] << " " << v1::Health::Status_Name(report->status()) << " as "
                    << report->reporter() << "\n";
  }
  return ExitCode::kDone;
}

}  // namespace

Command HealthReportCommand() {
  return {.name = "health report",
          .arguments = "BACKEND/SERVER up|degraded|down|unknown",
          .summary = "report a server's health; unknown withdraws the report",
          .example = "fairleadctl health report web/w1 down --ttl=10s --reporter=probe-a --reason=\"no answer\"",
          .flags = {{.name = "ttl", .value = "TIME", .help = "how long it lives (default: 30s)"},
                    {.name = "reporter", .value = "NAME", .help = "who says so (default: fairleadctl)"},
                    {.name = "reason", .value = "TEXT", .help = "why, for people"},
                    {.name = "sequence", .value = "N", .help = "must grow (default: the proxy counts)"},
                    {.name = "incarnation", .value = "N", .help = "grows with each start of the reporter"},
                    {.name = "dry_run", .value = "", .help = "see that the server exists, and report nothing"}},
          .run = Run};
}

}  // namespace fairlead::ctl
