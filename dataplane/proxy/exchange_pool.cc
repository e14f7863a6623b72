#include "dataplane/proxy/exchange_pool.h"

#include <utility>

namespace fairlead::proxy {

Exchange* ExchangePool::Take() {
  if (free_.empty()) return new Exchange(environment_);
  Exchange* exchange = free_.back().release();
  free_.pop_back();
  return exchange;
}

void ExchangePool::Return(Exchange* exchange) {
  std::unique_ptr<Exchange> owned(exchange);
  if (free_.size() < kMaxFree) free_.push_back(std::move(owned));
}

}  // namespace fairlead::proxy
