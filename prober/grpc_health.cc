#include "prober/grpc_health.h"

#include <array>
#include <optional>

#include "api/yaml/concat.h"
#include "api/yaml/scalars.h"
#include "fairlead/v1/prober.pb.h"

namespace fairlead::prober {
namespace {

constexpr size_t kFrameHeader = 5;
constexpr int kServing = 1;

std::string_view StatusName(uint64_t status) {
  constexpr std::array<std::string_view, 17> kNames = {
      "OK",        "CANCELLED",      "UNKNOWN",           "INVALID_ARGUMENT",   "DEADLINE_EXCEEDED",
      "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
      "ABORTED",   "OUT_OF_RANGE",   "UNIMPLEMENTED",     "INTERNAL",           "UNAVAILABLE",
      "DATA_LOSS", "UNAUTHENTICATED"};
  return status < kNames.size() ? kNames[status] : "no status of gRPC";
}

std::string ServingName(int status) {
  constexpr std::array<std::string_view, 4> kNames = {"UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"};
  if (status >= 0 && static_cast<size_t>(status) < kNames.size())
    return std::string(kNames[static_cast<size_t>(status)]);
  return api::Concat("status ", status);
}

// The one message in a body of them; nullopt: it is something else.
std::optional<std::string_view> OnlyMessage(std::string_view body) {
  if (body.size() < kFrameHeader || body[0] != 0) return std::nullopt;
  size_t length = 0;
  for (size_t i = 1; i < kFrameHeader; ++i) length = length << 8 | static_cast<unsigned char>(body[i]);
  if (body.size() != kFrameHeader + length) return std::nullopt;
  return body.substr(kFrameHeader);
}

}  // namespace

std::string MakeHealthRequest(const std::string& service) {
  v1::GrpcHealthRequest request;
  request.set_service(service);
  const std::string message = request.SerializeAsString();
  std::string frame(1, '\0');
  for (int shift = 24; shift >= 0; shift -= 8) frame += static_cast<char>(message.size() >> shift & 0xff);
  return frame + message;
}

Outcome JudgeHealthResponse(const HealthResponse& response) {
  if (response.http_status != 200) {
    return {false, Printable(api::Concat("HTTP ", response.http_status, ", 200 wanted"))};
  }
  const auto status = api::ParseUnsigned(response.grpc_status);
  if (!status) return {false, "no gRPC: the response has no grpc-status"};
  if (*status != 0) {
    const std::string_view colon = response.grpc_message.empty() ? "" : ": ";
    return {false, Printable(api::Concat("gRPC ", StatusName(*status), colon, response.grpc_message))};
  }
  const std::optional<std::string_view> message = OnlyMessage(response.body);
  v1::GrpcHealthResponse health;
  if (!message || !health.ParseFromArray(message->data(), static_cast<int>(message->size()))) {
    return {false, "no gRPC: the response's body is not one message"};
  }
  if (health.status() == kServing) return {true, "SERVING"};
  return {false, api::Concat(ServingName(health.status()), ", SERVING wanted")};
}

}  // namespace fairlead::prober
