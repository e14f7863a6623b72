#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "dataplane/http/client_codec.h"
#include "dataplane/http/h1/client_codec.h"
#include "prober/check_settings.h"
#include "prober/connection_attempt.h"

namespace fairlead::prober {

// What a response to an HTTP check has to say. Empty: all is as it should be.
std::string FaultOfHead(const http::ResponseHead& head, const HttpSettings& settings);
std::string FaultOfBody(std::string_view body, const HttpSettings& settings);

// v1::HttpCheck. Reads no more of the response than it has to look at.
class HttpAttempt final : public ConnectionAttempt,
                          private http::ClientStreamHandler,
                          private http::h1::ClientCodecHost {
 public:
  static constexpr size_t kMaxBody = 64 * 1024;

  // `settings`, within `owner`, are those of HTTP; `host` stands in for theirs where they have none.
  HttpAttempt(event::Loop* loop, const net::Address& address, std::shared_ptr<const CheckSettings> owner,
              std::string host, OnOutcome on_outcome);

 private:
  // ConnectionAttempt:
  void OnOpen() override;
  void OnBytes(buffer::Slice bytes) override { codec_.Receive(std::move(bytes)); }
  void OnEnd(int error) override;
  void OnOutputSent() override { codec_.OnSent(); }
  void OnCallbackEnd() override;

  // http::h1::ClientCodecHost:
  buffer::Queue& output() override { return ConnectionAttempt::output(); }
  buffer::BlockPool& blocks() override { return loop().blocks(); }
  void Touch() override { touched_ = true; }
  void PauseReceive() override { ConnectionAttempt::PauseReceive(); }
  void ResumeReceive() override { ConnectionAttempt::ResumeReceive(); }
  void ShutdownAfterOutput() override {}  // of tunnels

  // http::ClientStreamHandler:
  http::ResponseHead& response_head() override { return head_; }
  void OnInformational() override {}
  void OnResponseHead() override;
  void OnResponseData(buffer::Slice data) override;
  void OnResponseEnd(const http::FieldList*) override { JudgeBody(); }
  void OnServerError(http::ServerError error, std::string_view detail) override;
  void OnRequestDrained() override {}

  void JudgeBody();

  const std::shared_ptr<const CheckSettings> owner_;
  const HttpSettings& settings_;
  const std::string request_;
  http::h1::ClientCodec codec_{this};
  http::ResponseHead head_;
  std::string body_;
  bool touched_ = false;
};

}  // namespace fairlead::prober
