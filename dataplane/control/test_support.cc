#include "dataplane/control/test_support.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <utility>

#include "dataplane/base/absl_strings.h"
#include "google/protobuf/text_format.h"

namespace fairlead::control {
namespace {

template <typename Message>
Message Parse(std::string_view text) {
  Message message;
  if (!google::protobuf::TextFormat::ParseFromString(std::string(text), &message)) {
    std::cerr << "not the text of a " << Message::descriptor()->name() << ": " << text << "\n";
    std::abort();
  }
  return message;
}

}  // namespace

v1::Transaction ParseTransaction(std::string_view text) { return Parse<v1::Transaction>(text); }

v1::Snapshot ParseSnapshot(std::string_view text) { return Parse<v1::Snapshot>(text); }

v1::Transaction SnapshotTransaction(std::string_view text) {
  v1::Transaction transaction;
  *transaction.mutable_snapshot() = ParseSnapshot(text);
  return transaction;
}

std::vector<std::string> CompiledState::Try(v1::Transaction transaction) {
  std::variant<Violations, Staged> result = compiler_.Compile(transaction, store_);
  if (const Violations* violations = std::get_if<Violations>(&result)) return ToStrings(*violations);
  store_.Commit(std::move(std::get<Staged>(result)));
  return {};
}

Changes CompiledState::Apply(v1::Transaction transaction) {
  std::variant<Violations, Staged> result = compiler_.Compile(transaction, store_);
  if (const Violations* violations = std::get_if<Violations>(&result)) {
    for (const std::string& violation : ToStrings(*violations)) ADD_FAILURE() << violation;
    return {};
  }
  Changes changes = std::get<Staged>(result).changes;
  store_.Commit(std::move(std::get<Staged>(result)));
  return changes;
}

const config::Backend* CompiledState::FindBackend(std::string_view backend) const {
  const auto slot = store_.backends().Find(backend);
  return slot ? store_.snapshot()->backends[*slot].get() : nullptr;
}

const config::Server* CompiledState::FindServer(std::string_view backend, std::string_view server) const {
  const auto backend_slot = store_.backends().Find(backend);
  if (!backend_slot) return nullptr;
  const auto slot = store_.servers(*backend_slot).Find(server);
  return slot ? store_.snapshot()->backends[*backend_slot]->servers[*slot].get() : nullptr;
}

std::vector<std::string> ToStrings(const Violations& violations) {
  std::vector<std::string> strings;
  for (const v1::Violation& violation : violations.list()) {
    strings.push_back(
        base::StrCat(v1::Violation::Code_Name(violation.code()), " ", violation.path(), ": ", violation.message()));
  }
  return strings;
}

}  // namespace fairlead::control
