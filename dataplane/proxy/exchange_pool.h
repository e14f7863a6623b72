#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "dataplane/proxy/environment.h"
#include "dataplane/proxy/exchange.h"

namespace fairlead::proxy {

// Exchanges waiting for reuse. One for each worker.
class ExchangePool {
 public:
  explicit ExchangePool(Environment* environment) : environment_(environment) {}

  Exchange* Take();
  void Return(Exchange* exchange);

 private:
  static constexpr size_t kMaxFree = 1024;

  Environment* const environment_;
  std::vector<std::unique_ptr<Exchange>> free_;
};

}  // namespace fairlead::proxy
