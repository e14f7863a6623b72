#include "dataplane/admin/endpoints.h"

#include <utility>

#include "dataplane/admin/explanation_page.h"
#include "dataplane/admin/metrics_page.h"
#include "dataplane/admin/process_usage.h"
#include "dataplane/admin/status_page.h"
#include "dataplane/metrics/prometheus_writer.h"

namespace fairlead::admin {

namespace {

constexpr std::string_view kServers = "/status/servers/";

Answer Error(uint16_t status, std::string detail) {
  Answer answer;
  answer.status = status;
  answer.detail = std::move(detail);
  return answer;
}

Answer Text(std::string_view text) {
  Answer answer;
  answer.content_type = "text/plain; charset=utf-8";
  answer.text = text;
  return answer;
}

Answer Paged(std::string_view content_type, std::unique_ptr<Page> page) {
  Answer answer;
  answer.content_type = content_type;
  answer.page = std::move(page);
  return answer;
}

Answer Ready(const Status& status) {
  std::string why_not = WhyNotReady(status);
  return why_not.empty() ? Text("ready\n") : Error(503, std::move(why_not));
}

// "BACKEND/SERVER". Ids have no characters that would be escaped.
Answer Explain(std::string_view name, const Status& status) {
  const size_t slash = name.find('/');
  if (slash == name.npos) return Error(404, "want /status/servers/BACKEND/SERVER");
  std::unique_ptr<Page> page = ExplanationPage::Make(status, name.substr(0, slash), name.substr(slash + 1));
  return page == nullptr ? Error(404, "no such server") : Paged("application/json", std::move(page));
}

Answer MakeAnswer(const http::RequestHead& request, StatusSource* source) {
  if (request.method != http::Method::kGet && request.method != http::Method::kHead) {
    return Error(405, "want GET or HEAD");
  }
  if (request.framing != http::BodyFraming::kNone) return Error(400, "no request here has a body");
  const std::string_view path = request.path();
  if (path == "/live") return Text("live\n");
  if (path == "/ready") return Ready((*source)());
  if (path == "/metrics") {
    return Paged(metrics::PrometheusWriter::kContentType,
                 std::make_unique<MetricsPage>((*source)(), ReadProcessUsage()));
  }
  if (path == "/status") return Paged("application/json", std::make_unique<StatusPage>((*source)()));
  if (path.starts_with(kServers)) return Explain(path.substr(kServers.size()), (*source)());
  return Error(404, "want /live, /ready, /metrics, /status or /status/servers/BACKEND/SERVER");
}

}  // namespace

Answerer Endpoints(StatusSource source) {
  return
      [source = std::move(source)](const http::RequestHead& request) mutable { return MakeAnswer(request, &source); };
}

}  // namespace fairlead::admin
