#pragma once

#include "dataplane/admin/answer.h"
#include "dataplane/admin/status.h"
#include "dataplane/http/message.h"

namespace fairlead::admin {

// What the proxy answers:
//
//   /live      200: the control thread turns
//   /ready     200, or 503 and why not (WhyNotReady)
//   /metrics   MetricsPage
//   /status    StatusPage
//
// 404 for another path, 405 for another method, 400 for a request with a body. A query is ignored. `source` is asked
// only where the answer needs it.
Answerer Endpoints(StatusSource source);

}  // namespace fairlead::admin
