#include "dataplane/proxy/early_data.h"

namespace fairlead::proxy {

void EarlyData::End() {
  over_ = true;
  // One that is resumed may end others.
  while (!waiting_.empty()) {
    const Waiting first = waiting_.front();
    waiting_.erase(waiting_.begin());
    first.resume(first.exchange);
  }
}

bool EarlyData::Holds(const http::RequestHead& request) {
  switch (request.method) {
    case http::Method::kGet:
    case http::Method::kHead:
    case http::Method::kOptions:
    case http::Method::kTrace:
      return request.connection_upgrade || request.extended_connect;
    default:
      return true;
  }
}

void EarlyData::Forget(void* exchange) {
  std::erase_if(waiting_, [&](const Waiting& waiting) { return waiting.exchange == exchange; });
}

}  // namespace fairlead::proxy
