#pragma once

#include <string>
#include <string_view>

#include "dataplane/config/route_actions.h"
#include "dataplane/http/head_edits.h"
#include "dataplane/http/message.h"

// What a rule makes of a request's own texts. `path` is the path that the rule matched; authority and query are the
// request's. Nothing that comes out can end a line: all of it comes from texts that a parser or a compiler has let
// through. Writing to strings that keep their room allocates nothing, but for regular expressions.
namespace fairlead::proxy {

// Writes the Location of a redirect of a request that came by `scheme`. It is an absolute URI where the redirect names
// a scheme or a host, else a path of the same host: never one that begins with two slashes, which a client would take
// for another host (RFC 3986 §4.2). False: there is none, since the request, of HTTP/1.0, names no host.
bool WriteLocation(const config::Redirect& redirect, const http::RequestHead& request, std::string_view path,
                   std::string_view scheme, std::string* location);

// Writes the target that a server is asked for. False: it would be longer than kMaxRewrittenBytes. What is no path (the
// "*" of OPTIONS) is left as it is: `target` is empty then, as it is where nothing is to change.
bool WriteTarget(const config::Rewrite& rewrite, const http::RequestHead& request, std::string_view path,
                 std::string* target);
inline constexpr size_t kMaxRewrittenBytes = 64 * 1024;

// The edits refer to the texts of `changes`.
void AppendChanges(const config::HeaderChanges& changes, http::FieldEdits* edits);

}  // namespace fairlead::proxy
