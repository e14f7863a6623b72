#pragma once

#include <string_view>

#include "dataplane/config/route_match.h"
#include "dataplane/http/ascii.h"
#include "dataplane/http/field_list.h"
#include "dataplane/routing/request_view.h"

namespace fairlead::routing {

// Calls `visit(value)` for each field of that name, in lower case, until it returns true; whether it did. "host" is the
// request's authority, which an absolute-form target may have named in place of a Host field (RFC 9112 §3.2.2).
template <typename Visit>
bool AnyField(const RequestView& request, std::string_view name, Visit visit) {
  if (name == "host") return !request.authority.empty() && visit(request.authority);
  for (const http::FieldList::Field& field : *request.fields) {
    if (field.name_size == name.size() && http::EqualsIgnoreCase(request.fields->name(field), name) &&
        visit(request.fields->value(field))) {
      return true;
    }
  }
  return false;
}

// Whether the request has one of the methods; none stand for any.
bool HasMethod(const std::vector<std::string>& methods, const RequestView& request);

bool Holds(const config::HeaderMatch& match, const RequestView& request);
bool Holds(const config::QueryMatch& match, const RequestView& request);
bool Holds(const config::ClientCertificateMatch& match, const RequestView& request);

// Whether all holds that `match` asks of the request's source, fields, query and client.
bool HoldsBesidePathAndMethod(const config::RouteMatch& match, const RequestView& request);

}  // namespace fairlead::routing
