#include "api/yaml/field_scalars.h"

#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "api/yaml/concat.h"
#include "api/yaml/nearest_name.h"
#include "api/yaml/scalars.h"

namespace fairlead::api {
namespace {

using google::protobuf::EnumDescriptor;
using google::protobuf::EnumValueDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

std::string Expected(std::string_view what, std::string_view text) {
  return Concat("expected ", what, ", not \"", text, "\"");
}

// Sets or adds, through the pair of Reflection's functions for the type.
template <typename Setter, typename Adder, typename Value>
std::string Store(Setter set, Adder add, const FieldDescriptor& field, Message& message, Value value) {
  const Reflection& reflection = *message.GetReflection();
  if (field.is_repeated()) {
    (reflection.*add)(&message, &field, std::move(value));
  } else {
    (reflection.*set)(&message, &field, std::move(value));
  }
  return "";
}

template <typename Integer, typename Setter, typename Adder>
std::string StoreInteger(Setter set, Adder add, std::string_view text, const FieldDescriptor& field, Message& message) {
  using Limits = std::numeric_limits<Integer>;
  const auto value = [&] {
    if constexpr (std::is_signed_v<Integer>) {
      return ParseSigned(text);
    } else {
      return ParseUnsigned(text);
    }
  }();
  if (!value || *value < Limits::min() || *value > Limits::max()) {
    return Expected(Concat("a whole number from ", Limits::min(), " to ", Limits::max()), text);
  }
  return Store(set, add, field, message, static_cast<Integer>(*value));
}

std::string StoreEnum(std::string_view text, const FieldDescriptor& field, Message& message) {
  const EnumDescriptor& type = *field.enum_type();
  const EnumValueDescriptor* value = type.FindValueByName(std::string(text));
  const std::optional<int64_t> number = ParseSigned(text);
  if (value == nullptr && number && std::in_range<int>(*number)) {
    value = type.FindValueByNumber(static_cast<int>(*number));
  }
  if (value == nullptr) {
    std::vector<std::string_view> names;
    for (int i = 0; i < type.value_count(); ++i) names.push_back(type.value(i)->name());
    return Concat("unknown value \"", text, "\";", DidYouMean(text, names), " known: ", Join(names, ", "));
  }
  return Store(&Reflection::SetEnum, &Reflection::AddEnum, field, message, value);
}

std::string StoreBool(std::string_view text, bool quoted, const FieldDescriptor& field, Message& message) {
  const bool known = !quoted && (text == "true" || text == "false");
  if (!known) return Expected("true or false", text);
  return Store(&Reflection::SetBool, &Reflection::AddBool, field, message, text == "true");
}

std::string StoreFloat(std::string_view text, const FieldDescriptor& field, Message& message) {
  const std::optional<double> value = ParseDouble(text);
  const bool too_large = value && std::isfinite(*value) && std::abs(*value) > std::numeric_limits<float>::max();
  if (!value || too_large) return Expected("a number", text);
  return Store(&Reflection::SetFloat, &Reflection::AddFloat, field, message, static_cast<float>(*value));
}

std::string StoreDouble(std::string_view text, const FieldDescriptor& field, Message& message) {
  const std::optional<double> value = ParseDouble(text);
  if (!value) return Expected("a number", text);
  return Store(&Reflection::SetDouble, &Reflection::AddDouble, field, message, *value);
}

std::string StoreString(std::string_view text, const FieldDescriptor& field, Message& message) {
  if (field.type() != FieldDescriptor::TYPE_BYTES) {
    return Store(&Reflection::SetString, &Reflection::AddString, field, message, std::string(text));
  }
  std::optional<std::string> bytes = ParseBase64(text);
  if (!bytes) return Expected("base64", text);
  return Store(&Reflection::SetString, &Reflection::AddString, field, message, *std::move(bytes));
}

}  // namespace

std::string SetScalar(std::string_view text, bool quoted, const FieldDescriptor& field, Message& message) {
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return StoreInteger<int32_t>(&Reflection::SetInt32, &Reflection::AddInt32, text, field, message);
    case FieldDescriptor::CPPTYPE_INT64:
      return StoreInteger<int64_t>(&Reflection::SetInt64, &Reflection::AddInt64, text, field, message);
    case FieldDescriptor::CPPTYPE_UINT32:
      return StoreInteger<uint32_t>(&Reflection::SetUInt32, &Reflection::AddUInt32, text, field, message);
    case FieldDescriptor::CPPTYPE_UINT64:
      return StoreInteger<uint64_t>(&Reflection::SetUInt64, &Reflection::AddUInt64, text, field, message);
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return StoreDouble(text, field, message);
    case FieldDescriptor::CPPTYPE_FLOAT:
      return StoreFloat(text, field, message);
    case FieldDescriptor::CPPTYPE_BOOL:
      return StoreBool(text, quoted, field, message);
    case FieldDescriptor::CPPTYPE_ENUM:
      return StoreEnum(text, field, message);
    case FieldDescriptor::CPPTYPE_STRING:
      return StoreString(text, field, message);
    case FieldDescriptor::CPPTYPE_MESSAGE:
      break;
  }
  return "a message is no single value";
}

std::string FormatScalar(const Message& message, const FieldDescriptor& field, int index) {
  const Reflection& reflection = *message.GetReflection();
  // One of Reflection's pairs of functions for the type.
  const auto get = [&](auto singular, auto repeated) {
    return field.is_repeated() ? (reflection.*repeated)(message, &field, index)
                               : (reflection.*singular)(message, &field);
  };
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return Concat(get(&Reflection::GetInt32, &Reflection::GetRepeatedInt32));
    case FieldDescriptor::CPPTYPE_INT64:
      return Concat(get(&Reflection::GetInt64, &Reflection::GetRepeatedInt64));
    case FieldDescriptor::CPPTYPE_UINT32:
      return Concat(get(&Reflection::GetUInt32, &Reflection::GetRepeatedUInt32));
    case FieldDescriptor::CPPTYPE_UINT64:
      return Concat(get(&Reflection::GetUInt64, &Reflection::GetRepeatedUInt64));
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return FormatDouble(get(&Reflection::GetDouble, &Reflection::GetRepeatedDouble));
    case FieldDescriptor::CPPTYPE_FLOAT:
      return FormatFloat(get(&Reflection::GetFloat, &Reflection::GetRepeatedFloat));
    case FieldDescriptor::CPPTYPE_BOOL:
      return get(&Reflection::GetBool, &Reflection::GetRepeatedBool) ? "true" : "false";
    case FieldDescriptor::CPPTYPE_ENUM: {
      const int number = get(&Reflection::GetEnumValue, &Reflection::GetRepeatedEnumValue);
      const EnumValueDescriptor* value = field.enum_type()->FindValueByNumber(number);
      return value == nullptr ? Concat(number) : value->name();
    }
    case FieldDescriptor::CPPTYPE_STRING: {
      std::string text = get(&Reflection::GetString, &Reflection::GetRepeatedString);
      return field.type() == FieldDescriptor::TYPE_BYTES ? absl::Base64Escape(text) : text;
    }
    case FieldDescriptor::CPPTYPE_MESSAGE:
      break;
  }
  return "";
}

}  // namespace fairlead::api
