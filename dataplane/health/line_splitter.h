#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace fairlead::health {

// Cuts a stream that comes in pieces into lines that end in LF or CR LF. Holds at most one unfinished line, of bounded
// length, and no memory between lines. For one thread.
class LineSplitter {
 public:
  // Takes the next whole line off the front of `*input`, the bytes that follow those of earlier calls. None: all of the
  // input was taken and its line is not finished. A line longer than kMaxLineBytes comes cut, but still too long. Valid
  // until the next call, and as long as the input.
  std::optional<std::string_view> Next(std::string_view* input);

  // Whether an unfinished line is there.
  bool HasUnfinishedLine() const { return in_line_; }

 private:
  std::string unfinished_;  // what came of the line in earlier pieces, cut where it is too long
  bool in_line_ = false;    // unfinished_ is of the present line, not the last
};

}  // namespace fairlead::health
