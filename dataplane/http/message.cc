#include "dataplane/http/message.h"

namespace fairlead::http {

Method FindMethod(std::string_view name) {
  switch (name.size()) {
    case 3:
      if (name == "GET") return Method::kGet;
      if (name == "PUT") return Method::kPut;
      break;
    case 4:
      if (name == "HEAD") return Method::kHead;
      if (name == "POST") return Method::kPost;
      break;
    case 5:
      if (name == "PATCH") return Method::kPatch;
      if (name == "TRACE") return Method::kTrace;
      break;
    case 6:
      if (name == "DELETE") return Method::kDelete;
      break;
    case 7:
      if (name == "OPTIONS") return Method::kOptions;
      if (name == "CONNECT") return Method::kConnect;
      break;
  }
  return Method::kOther;
}

std::string_view RequestHead::path() const {
  if (target.size == 0) return "*";
  const std::string_view text = target_text();
  if (text[0] == '?') return "/";
  return text.substr(0, text.find('?'));
}

std::string_view RequestHead::query() const {
  const std::string_view text = Get(target);
  const size_t mark = text.find('?');
  return mark == std::string_view::npos ? std::string_view() : text.substr(mark + 1);
}

void RequestHead::Clear() {
  method = Method::kOther;
  minor_version = 1;
  http2 = false;
  keep_alive = true;
  expects_continue = false;
  connection_options = false;
  connection_upgrade = false;
  extended_connect = false;
  framing = BodyFraming::kNone;
  content_length = 0;
  method_text = {};
  target = {};
  authority = {};
  other_target_ = {};
  fields.Clear();
  SetBase(nullptr);
}

void ResponseHead::Clear() {
  status = 0;
  minor_version = 1;
  http2 = false;
  keep_alive = true;
  connection_options = false;
  connection_upgrade = false;
  framing = BodyFraming::kNone;
  content_length = 0;
  reason = {};
  fields.Clear();
  SetBase(nullptr);
}

}  // namespace fairlead::http
