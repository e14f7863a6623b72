#include <ctime>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "ctl/commands.h"
#include "ctl/watch_view.h"

namespace fairlead::ctl {
namespace {

// Each report as a document of its own: JSON one a line, YAML after "---".
absl::Status PrintDocument(const v1::StateReport& report, OutputFormat format, std::ostream& out) {
  if (format == OutputFormat::kYaml) out << "---\n";
  const absl::Status printed =
      PrintMessage(report, format, {.one_line = format == OutputFormat::kJson, .print_defaults = true}, out);
  if (format == OutputFormat::kJson) out << "\n";
  return printed;
}

absl::Status PrintReport(const v1::StateReport& report, OutputFormat format, WatchView& view, std::ostream& out) {
  absl::Status printed;
  if (format == OutputFormat::kTable) {
    const std::string lines = view.Show(report);
    if (!lines.empty()) out << absl::FormatTime("%H:%M:%S ", absl::Now(), absl::LocalTimeZone()) << lines;
  } else {
    printed = PrintDocument(report, format, out);
  }
  // Who reads a pipe waits for it.
  out.flush();
  return printed;
}

absl::Status Watch(const Invocation& invocation, Connection& connection) {
  v1::ToProxy request;
  request.mutable_watch()->set_request_id("watch");
  for (const std::string& backend : invocation.words) {
    request.mutable_watch()->mutable_filter()->add_backends(backend);
  }
  const absl::Status sent = connection.Send(request);
  if (!sent.ok()) return sent;
  WatchView view;
  while (true) {
    const absl::StatusOr<v1::FromProxy> message = connection.Receive();
    if (!message.ok()) return message.status();
    if (!message->has_state_report()) continue;
    connection.LiftTimeout();
    const absl::Status printed =
        PrintReport(message->state_report(), invocation.format, view, invocation.environment.out);
    if (!printed.ok()) return printed;
  }
}

absl::StatusOr<ExitCode> Run(const Invocation& invocation) {
  Connection::Options options = invocation.proxy;
  options.interrupts = invocation.environment.catch_interrupts();
  const absl::StatusOr<std::unique_ptr<Connection>> connection = Connection::Open(options);
  const absl::Status end = connection.ok() ? Watch(invocation, **connection) : connection.status();
  // Ctrl-C is how a watch ends.
  if (absl::IsCancelled(end)) return ExitCode::kDone;
  return end;
}

}  // namespace

Command WatchCommand() {
  return {.name = "watch",
          .arguments = "[BACKEND...]",
          .summary = "show changes of configuration and health as they happen, until Ctrl-C",
          .example = "fairleadctl watch web",
          .flags = {},
          .run = Run};
}

}  // namespace fairlead::ctl
