#pragma once

#include <cstdint>
#include <deque>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "dataplane/http/field_list.h"
#include "dataplane/http/message.h"

// Heads as a codec gives them, for tests.
namespace fairlead::http::h2 {

// Keeps the bytes of the heads that it makes.
class TestHeads {
 public:
  using Fields = std::initializer_list<std::pair<std::string_view, std::string_view>>;

  RequestHead Request(std::string_view method, std::string_view target, std::string_view authority,
                      Fields fields = {}) {
    RequestHead head;
    std::string& bytes = bytes_.emplace_back();
    head.method = FindMethod(method);
    head.method_text = Append(bytes, method);
    head.target = Append(bytes, target);
    head.authority = Append(bytes, authority);
    AddFields(fields, bytes, &head.fields);
    head.SetBase(bytes.data());
    return head;
  }

  ResponseHead Response(uint16_t status, Fields fields = {}) {
    ResponseHead head;
    std::string& bytes = bytes_.emplace_back();
    head.status = status;
    AddFields(fields, bytes, &head.fields);
    head.SetBase(bytes.data());
    return head;
  }

  FieldList List(Fields fields) {
    FieldList list;
    std::string& bytes = bytes_.emplace_back();
    AddFields(fields, bytes, &list);
    list.set_base(bytes.data());
    return list;
  }

 private:
  static Text Append(std::string& bytes, std::string_view text) {
    const Text appended = {static_cast<uint32_t>(bytes.size()), static_cast<uint32_t>(text.size())};
    bytes.append(text);
    return appended;
  }

  static void AddFields(Fields fields, std::string& bytes, FieldList* list) {
    for (const auto& [name, value] : fields) {
      const Text name_text = Append(bytes, name);
      const Text value_text = Append(bytes, value);
      list->Add({name_text.offset, value_text.offset, value_text.size, static_cast<uint16_t>(name_text.size),
                 FindKnownField(name)});
    }
  }

  std::deque<std::string> bytes_;
};

}  // namespace fairlead::http::h2
