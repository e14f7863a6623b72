#pragma once

#include <cstdlib>

#include "dataplane/upstream/channel.h"

namespace fairlead::upstream {

// Who takes a connection's socket (Channel::TakeSocket) when it stands, and speaks for itself: hears of connecting,
// and of the server's leaving, but not of responses, since nothing is asked.
class RawUser : public ConnectionUser {
 public:
  bool takes_socket() const final { return true; }

 protected:
  ~RawUser() = default;

 private:
  http::ResponseHead& response_head() final { std::abort(); }
  void OnInformational() final {}
  void OnResponseHead() final {}
  void OnResponseData(buffer::Slice) final {}
  void OnResponseEnd(const http::FieldList*) final {}
  void OnRequestDrained() final {}
};

}  // namespace fairlead::upstream
