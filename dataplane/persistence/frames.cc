#include "dataplane/persistence/frames.h"

#include <random>

#include "dataplane/base/absl_strings.h"
#include "dataplane/base/crc32c.h"

namespace fairlead::persistence {
namespace {

constexpr std::string_view kMagic = "FAIRLEAD";
constexpr size_t kVersionAt = 8;
constexpr size_t kChecksumAt = kHeaderBytes - 4;
// Of a frame: its length, checksum and type.
constexpr size_t kFrameHeaderBytes = 9;

void PutNumber(uint64_t number, size_t bytes, std::string& text) {
  for (size_t i = 0; i < bytes; ++i) text += static_cast<char>(number >> (8 * i));
}

uint32_t NumberAt(std::string_view text, size_t position) {
  uint32_t number = 0;
  for (size_t i = 0; i < 4; ++i) number |= uint32_t{static_cast<uint8_t>(text[position + i])} << (8 * i);
  return number;
}

// Over all of the frame but the checksum itself.
uint32_t ChecksumOfFrame(std::string_view length, char type, std::string_view payload, uint32_t before) {
  return base::Crc32c(payload, base::Crc32c({&type, 1}, base::Crc32c(length, before)));
}

}  // namespace

std::string MakeHeader(uint64_t random) {
  std::string header(kMagic);
  PutNumber(kVersion, 4, header);
  PutNumber(random, 8, header);
  PutNumber(base::Crc32c(header), 4, header);
  return header;
}

std::string MakeHeader() {
  std::random_device random;
  return MakeHeader(uint64_t{random()} << 32 | random());
}

uint32_t ChecksumOf(std::string_view header) { return NumberAt(header, kChecksumAt); }

void FrameWriter::Append(FrameType type, std::string_view payload, std::string& file) {
  std::string length;
  PutNumber(payload.size(), 4, length);
  checksum_ = ChecksumOfFrame(length, static_cast<char>(type), payload, checksum_);
  file += length;
  PutNumber(checksum_, 4, file);
  file += static_cast<char>(type);
  file += payload;
}

absl::StatusOr<FrameReader> FrameReader::Open(std::string_view file) {
  if (file.size() < kHeaderBytes || file.substr(0, kMagic.size()) != kMagic) {
    return absl::DataLossError("it does not begin as a file of state does");
  }
  if (base::Crc32c(file.substr(0, kChecksumAt)) != ChecksumOf(file))
    return absl::DataLossError("its header is damaged");
  if (const uint32_t version = NumberAt(file, kVersionAt); version != kVersion) {
    return absl::FailedPreconditionError(
        base::StrCat("it is of version ", version, ", and this program reads version ", kVersion, " alone"));
  }
  return FrameReader(file, kHeaderBytes, ChecksumOf(file));
}

std::optional<FrameReader::Frame> FrameReader::Next() {
  const std::string_view rest = file_.substr(position_);
  if (rest.size() < kFrameHeaderBytes) return std::nullopt;
  const uint32_t length = NumberAt(rest, 0);
  if (rest.size() - kFrameHeaderBytes < length) return std::nullopt;
  const std::string_view payload = rest.substr(kFrameHeaderBytes, length);
  const uint32_t checksum = ChecksumOfFrame(rest.substr(0, 4), rest[8], payload, checksum_);
  if (checksum != NumberAt(rest, 4)) return std::nullopt;
  checksum_ = checksum;
  position_ += kFrameHeaderBytes + length;
  return Frame{static_cast<FrameType>(rest[8]), payload};
}

}  // namespace fairlead::persistence
