#pragma once

#include "dataplane/http/message.h"

namespace fairlead::http::h1 {

// Takes apart the target of a request line (RFC 9112 §3.2), whose characters SkipTarget has let through. On entry
// head->target is the whole of it, and the head's method and base are set. On return:
//
//   origin-form     unchanged
//   absolute-form   head->authority is its authority, head->target its path and query (see RequestHead::target);
//                   http and https alone, since there is no other scheme that this proxy serves
//   authority-form  with CONNECT alone, and only it; head->authority is the target; the port must be there
//   asterisk-form   with OPTIONS alone
//
// An authority that comes from here is valid and not empty, and replaces Host's (§3.2.2). Returns null, or why the
// target is refused with 400: static text.
const char* ParseRequestTarget(RequestHead* head);

}  // namespace fairlead::http::h1
