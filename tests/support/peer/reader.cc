#include "tests/support/peer/reader.h"

#include <algorithm>
#include <cstring>

#include "tests/support/peer/text.h"

namespace fairlead::peer {
namespace {

constexpr size_t kMaxLine = 8 * 1024;

absl::Status EndedInside(std::string_view what) { return absl::DataLossError(Concat("closed inside ", what)); }

}  // namespace

absl::StatusOr<bool> Reader::Fill() {
  if (begin_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  absl::StatusOr<size_t> count = socket_->Read(std::span(buffer_).subspan(end_));
  if (!count.ok()) return count.status();
  end_ += *count;
  return *count > 0;
}

absl::StatusOr<std::string> Reader::ReadHead() {
  size_t searched = 0;
  for (;;) {
    size_t found = Buffered().find("\r\n\r\n", searched);
    if (found != std::string_view::npos) {
      std::string head(Buffered().substr(0, found + 4));
      begin_ += head.size();
      return head;
    }
    searched = Buffered().size() < 3 ? 0 : Buffered().size() - 3;
    if (Buffered().size() == buffer_.size()) return absl::InvalidArgumentError("head of more than 128 KiB");
    absl::StatusOr<bool> more = Fill();
    if (!more.ok()) return more.status();
    if (!*more) return Buffered().empty() ? absl::OutOfRangeError("closed") : EndedInside("a head");
  }
}

absl::StatusOr<size_t> Reader::Read(std::span<char> into) {
  if (!HasBuffered()) {
    // Large reads go past the buffer.
    if (into.size() >= buffer_.size()) return socket_->Read(into);
    absl::StatusOr<bool> more = Fill();
    if (!more.ok()) return more.status();
  }
  size_t count = std::min(into.size(), Buffered().size());
  std::memcpy(into.data(), Buffered().data(), count);
  begin_ += count;
  return count;
}

absl::StatusOr<std::string> Reader::ReadLine() {
  for (;;) {
    size_t found = Buffered().find("\r\n");
    if (found != std::string_view::npos) {
      std::string line(Buffered().substr(0, found));
      begin_ += found + 2;
      return line;
    }
    if (Buffered().size() > kMaxLine) return absl::InvalidArgumentError("line of more than 8 KiB");
    absl::StatusOr<bool> more = Fill();
    if (!more.ok()) return more.status();
    if (!*more) return EndedInside("a line");
  }
}

absl::StatusOr<size_t> BodyReader::Read(std::span<char> into) {
  if (ended_ || framing_.kind == Framing::Kind::kNone) return 0;
  if (framing_.kind == Framing::Kind::kChunked && left_ == 0) {
    if (absl::Status status = BeginChunk(); !status.ok()) return status;
    if (ended_) return 0;
  }
  if (framing_.kind == Framing::Kind::kUntilClose) return reader_->Read(into);
  if (left_ == 0) return 0;
  absl::StatusOr<size_t> count = reader_->Read(into.first(std::min<uint64_t>(into.size(), left_)));
  if (!count.ok()) return count.status();
  if (*count == 0) return EndedInside("a body");
  left_ -= *count;
  return count;
}

absl::Status BodyReader::BeginChunk() {
  if (inside_chunk_) {
    absl::StatusOr<std::string> end = reader_->ReadLine();
    if (!end.ok()) return end.status();
    if (!end->empty()) return absl::InvalidArgumentError("chunk longer than it said");
  }
  absl::StatusOr<std::string> line = reader_->ReadLine();
  if (!line.ok()) return line.status();
  std::string_view size = std::string_view(*line).substr(0, line->find(';'));
  std::optional<uint64_t> length = ParseNumber(size, 16);
  if (!length) return absl::InvalidArgumentError(Concat("bad chunk size: ", Quoted(*line)));
  left_ = *length;
  inside_chunk_ = true;
  if (left_ > 0) return absl::OkStatus();
  std::string lines;
  for (;;) {
    absl::StatusOr<std::string> trailer = reader_->ReadLine();
    if (!trailer.ok()) return trailer.status();
    if (trailer->empty()) break;
    lines += Concat(*trailer, "\r\n");
  }
  absl::StatusOr<std::vector<Field>> trailers = ParseFields(lines);
  if (!trailers.ok()) return trailers.status();
  trailers_ = *std::move(trailers);
  ended_ = true;
  return absl::OkStatus();
}

}  // namespace fairlead::peer
