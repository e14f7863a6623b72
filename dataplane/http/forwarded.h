#pragma once

#include <optional>
#include <string_view>

#include "dataplane/http/ascii.h"
#include "dataplane/http/field_list.h"
#include "dataplane/net/address.h"

// Fields in which proxies say whom they forward for.
namespace fairlead::http {

// A node's address as X-Forwarded-For and Forwarded (RFC 7239 §6) have it: IPv4, IPv6 with or without brackets, maybe
// with a port, which is dropped. None for "unknown", obfuscated names, and anything else.
std::optional<net::Address> ParseNode(std::string_view text);

// Whether a field, by its name, says where a request came from: Forwarded, X-Forwarded-…, X-Real-IP, X-Request-Id; also
// with '_' in place of '-', which servers that hand fields on as variables (CGI and its heirs) do not tell apart.
bool IsForwardingField(std::string_view name);

// The client, if the peer is a proxy to be trusted: the last address of the list that is not itself `trusted`. Where
// all are, the first of them; behind something that is no address, nobody knows: then the first one after it. None: the
// list names none. The list is X-Forwarded-For, in all its fields, or, where there is no such field, Forwarded.
template <typename IsTrusted>
std::optional<net::Address> FindClient(const FieldList& fields, IsTrusted is_trusted);

// Calls `function` with each member of an X-Forwarded-For.
template <typename Function>
void ForEachForwardedFor(std::string_view value, Function function);

// Calls `function` with the `for` of each element of a Forwarded (RFC 7239 §4), without its quotes; with an empty text
// for an element that has none or is malformed.
void ForEachForwardedElement(std::string_view value, auto function);

// -- Implementation.

namespace forwarded_internal {

constexpr std::string_view Trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Up to the next `end` outside of quotes, which is taken off `text`, too.
std::string_view TakeUntil(std::string_view* text, char end);
// The value of the parameter "for" in an element.
std::string_view ForOf(std::string_view element);

}  // namespace forwarded_internal

template <typename Function>
void ForEachForwardedFor(std::string_view value, Function function) {
  while (true) {
    const size_t comma = value.find(',');
    const std::string_view member = forwarded_internal::Trim(value.substr(0, comma));
    if (!member.empty()) function(member);
    if (comma == std::string_view::npos) return;
    value.remove_prefix(comma + 1);
  }
}

void ForEachForwardedElement(std::string_view value, auto function) {
  while (!value.empty()) {
    const std::string_view element = forwarded_internal::Trim(forwarded_internal::TakeUntil(&value, ','));
    if (!element.empty()) function(forwarded_internal::ForOf(element));
  }
}

template <typename IsTrusted>
std::optional<net::Address> FindClient(const FieldList& fields, IsTrusted is_trusted) {
  // Whom the list up to here would name.
  std::optional<net::Address> client;
  const auto add = [&](std::string_view node) {
    std::optional<net::Address> address = ParseNode(node);
    if (!address.has_value() || !client.has_value() || !is_trusted(*address)) client = std::move(address);
  };
  bool has_list = false;
  for (const FieldList::Field& field : fields) {
    if (!EqualsLowerCase(fields.name(field), "x-forwarded-for")) continue;
    has_list = true;
    ForEachForwardedFor(fields.value(field), add);
  }
  if (has_list) return client;
  for (const FieldList::Field& field : fields) {
    if (EqualsLowerCase(fields.name(field), "forwarded")) ForEachForwardedElement(fields.value(field), add);
  }
  return client;
}

}  // namespace fairlead::http
