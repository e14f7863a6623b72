#pragma once

#include <string>
#include <string_view>

namespace fairlead::control {

// A place in a transaction, as violations name it: `backends["web"].servers["w2"].address`. Each part points at the one
// in front of it and at its texts, which outlive it: paths live on the stack, beside the messages that they lead
// through, and cost nothing until somebody asks for the text.
class Path {
 public:
  // The transaction itself.
  Path() = default;
  // A field of `parent`; one of its elements, by id or by index.
  Path(const Path& parent, std::string_view field) : parent_(&parent), field_(field) {}
  Path(const Path& parent, std::string_view field, std::string_view id)
      : parent_(&parent), field_(field), id_(id), by_(By::kId) {}
  Path(const Path& parent, std::string_view field, int index)
      : parent_(&parent), field_(field), index_(index), by_(By::kIndex) {}

  Path(const Path&) = delete;
  Path& operator=(const Path&) = delete;

  std::string ToString() const;

 private:
  enum class By { kField, kId, kIndex };

  void AppendTo(std::string& text) const;

  const Path* parent_ = nullptr;
  std::string_view field_;
  std::string_view id_;
  int index_ = 0;
  By by_ = By::kField;
};

}  // namespace fairlead::control
