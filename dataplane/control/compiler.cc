#include "dataplane/control/compiler.h"

#include <utility>

#include "dataplane/control/backend_compiler.h"
#include "dataplane/control/compilation.h"
#include "dataplane/control/credentials_compiler.h"
#include "dataplane/control/hash_checks.h"
#include "dataplane/control/health_compiler.h"
#include "dataplane/control/listener_compiler.h"
#include "dataplane/control/permissions.h"
#include "dataplane/control/reporter_compiler.h"
#include "dataplane/control/requests.h"
#include "dataplane/control/route_table_compiler.h"
#include "dataplane/control/scope_compiler.h"
#include "dataplane/control/server_compiler.h"
#include "dataplane/control/value_checks.h"

namespace fairlead::control {
namespace {

constexpr size_t kMaxNoteBytes = 256;

}  // namespace

std::variant<Violations, Staged> Compiler::Compile(v1::Transaction& transaction, const Store& store,
                                                   const Rights& rights) {
  Violations violations;
  Violations denied;
  const Path root;
  rules_.CheckOwnFields(transaction, root, violations);
  CheckLength(transaction.author(), kMaxNoteBytes, Path(root, "author"), violations);
  CheckLength(transaction.comment(), kMaxNoteBytes, Path(root, "comment"), violations);
  AllRequests requests = ReadRequests(transaction, store, rules_, violations);

  CheckPermissions(rights, requests, store, denied);
  if (!denied.empty()) {
    PutServersBack(requests, transaction);
    return denied;
  }
  Compilation compilation(store, requests, rules_, digester_, workers_, violations);
  CompileCredentials(compilation);
  CompileBackends(compilation);
  CompileServers(compilation);
  CompileHealth(compilation);
  CompileRouteTables(compilation);
  CompileListeners(compilation);
  CompileReporters(compilation);
  CompileScopes(compilation);
  PutServersBack(requests, transaction);
  if (!violations.empty()) return violations;
  compilation.backend_editor.Finish();
  CheckHashes(compilation);
  if (!violations.empty()) return violations;
  CheckReferencePermissions(rights, store, compilation.staged, denied);
  if (!denied.empty()) return denied;
  return std::move(compilation.staged);
}

}  // namespace fairlead::control
