// Any bytes as a file of state and as one of history, and any frames in one whose checksums are right: what can be read
// can be written anew, and says the same then; a file that is cut says no more than the whole one.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "dataplane/persistence/frames.h"
#include "dataplane/persistence/history.h"
#include "dataplane/persistence/history_file.h"
#include "dataplane/persistence/image.h"
#include "dataplane/persistence/state_file.h"

namespace fairlead::persistence {
namespace {

std::string WriteAnew(const Image& image) {
  std::string file = MakeHeader(1);
  FrameWriter frames(ChecksumOf(file));
  image.Write([&](FrameType type, std::string_view payload) { frames.Append(type, payload, file); });
  return file;
}

// Frames, each a type and two bytes of length.
std::string FramesOf(std::string_view input) {
  std::string file = MakeHeader(2);
  FrameWriter frames(ChecksumOf(file));
  while (input.size() >= 3) {
    const auto type = static_cast<FrameType>(input[0]);
    const size_t length = static_cast<uint8_t>(input[1]) | static_cast<size_t>(static_cast<uint8_t>(input[2])) << 8;
    input.remove_prefix(3);
    frames.Append(type, input.substr(0, length), file);
    input.remove_prefix(std::min(length, input.size()));
  }
  return file;
}

History CheckHistory(const std::string& text) {
  History history = ReadHistoryFile(text).history;
  const HistoryFile again = ReadHistoryFile(MakeHistoryFile(history));
  if (!again.damage.empty() || again.history.revisions().size() != history.revisions().size()) std::abort();
  return history;
}

void Check(const std::string& text) {
  const absl::StatusOr<StateFile> file = ReadStateFile(text, CheckHistory(text));
  if (!file.ok()) return;
  if (file->good_bytes > text.size() || file->first_bytes > file->good_bytes) std::abort();
  if (file->damage.empty() != (file->good_bytes == text.size())) std::abort();

  Image image = file->image;
  (void)image.FingerprintIsRight();
  const std::string anew = WriteAnew(image);
  const absl::StatusOr<StateFile> again = ReadStateFile(anew);
  if (!again.ok() || !again->damage.empty() || WriteAnew(again->image) != anew) std::abort();

  const absl::StatusOr<StateFile> cut = ReadStateFile(std::string_view(text).substr(0, file->good_bytes - 1));
  if (cut.ok() && cut->good_bytes >= file->good_bytes) std::abort();
  if (image.on_trial()) image.Revert(1);
  if (image.on_trial()) std::abort();
  (void)CheckHistory(MakeHistoryFile(image.history()));
}

}  // namespace
}  // namespace fairlead::persistence

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data + 1), size - 1);
  fairlead::persistence::Check(data[0] == 0 ? std::string(input) : fairlead::persistence::FramesOf(input));
  return 0;
}
