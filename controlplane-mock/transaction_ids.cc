#include "controlplane-mock/transaction_ids.h"

#include <random>
#include <utility>

#include "absl/strings/str_cat.h"

namespace fairlead::controlplane_mock {

TransactionIds::TransactionIds(std::string prefix) : prefix_(std::move(prefix)) {}

TransactionIds TransactionIds::WithRandomPrefix() {
  std::random_device random;
  return TransactionIds(absl::StrCat(absl::Hex(random(), absl::kZeroPad8)));
}

std::string TransactionIds::Next() { return absl::StrCat("mock-", prefix_, "-", ++last_); }

}  // namespace fairlead::controlplane_mock
