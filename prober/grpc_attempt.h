#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "dataplane/http/client_codec.h"
#include "dataplane/http/h2/client_codec.h"
#include "dataplane/http/h2/client_stream.h"
#include "prober/check_settings.h"
#include "prober/connection_attempt.h"
#include "prober/grpc_health.h"

namespace fairlead::prober {

// v1::GrpcCheck.
class GrpcAttempt final : public ConnectionAttempt,
                          private http::ClientStreamHandler,
                          private http::h2::ClientCodecHost,
                          private http::h2::ClientStreamOwner {
 public:
  static constexpr size_t kMaxBody = 64 * 1024;

  // As HttpAttempt.
  GrpcAttempt(event::Loop* loop, const net::Address& address, std::shared_ptr<const CheckSettings> owner,
              std::string authority, OnOutcome on_outcome);

 private:
  // ConnectionAttempt:
  void OnOpen() override;
  void OnBytes(buffer::Slice bytes) override { codec_->Receive(std::move(bytes)); }
  void OnEnd(int error) override;
  void OnOutputSent() override { codec_->OnSent(); }
  void OnCallbackEnd() override;

  // http::h2::ClientCodecHost:
  buffer::Queue& output() override { return ConnectionAttempt::output(); }
  buffer::BlockPool& blocks() override { return loop().blocks(); }
  void Touch() override { touched_ = true; }
  uint64_t now_ms() override { return loop().now_ms(); }

  // http::h2::ClientStreamOwner:
  void OnStreamGone() override {}

  // http::ClientStreamHandler:
  http::ResponseHead& response_head() override { return head_; }
  void OnInformational() override {}
  void OnResponseHead() override;
  void OnResponseData(buffer::Slice data) override;
  void OnResponseEnd(const http::FieldList* trailers) override;
  void OnServerError(http::ServerError error, std::string_view detail) override;
  void OnRequestDrained() override {}

  // Takes what gRPC says in fields.
  void ReadFields(const http::FieldList& fields);

  const std::shared_ptr<const CheckSettings> owner_;
  const GrpcSettings& settings_;
  const std::string request_;
  http::ResponseHead head_;
  HealthResponse response_;
  bool touched_ = false;
  std::optional<http::h2::ClientCodec> codec_;  // once the connection stands
  http::h2::ClientStream stream_;
};

}  // namespace fairlead::prober
