#include "ctl/files.h"

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

#include "api/yaml/concat.h"
#include "api/yaml/document.h"
#include "api/yaml/message_reader.h"
#include "api/yaml/problems.h"

namespace fairlead::ctl {
namespace {

absl::Status Refuse(const std::string& file, std::string_view why) {
  return absl::InvalidArgumentError(api::Concat(file, ": ", why));
}

absl::StatusOr<std::string> ReadText(const std::string& file, const Environment& environment) {
  if (file == "-") return std::string(std::istreambuf_iterator<char>(environment.in), {});
  if (std::filesystem::is_directory(file)) return Refuse(file, "is a directory");
  errno = 0;
  std::ifstream stream(file, std::ios::binary);
  if (!stream) return Refuse(file, std::generic_category().message(errno));
  return std::string(std::istreambuf_iterator<char>(stream), {});
}

// `{file: …}` in a file starts at its directory; in standard input at the working directory.
std::string BaseDirectory(const std::string& file) {
  const std::string parent = std::filesystem::path(file).parent_path().string();
  return parent.empty() ? "." : parent;
}

// What one file says.
struct File {
  v1::Transaction transaction;
  // Whether it holds a transaction of its own, not resources.
  bool stands_alone = false;
};

absl::StatusOr<File> ReadOne(const std::string& name, const Environment& environment) {
  const absl::StatusOr<std::string> text = ReadText(name, environment);
  if (!text.ok()) return text.status();
  const std::string shown_name = name == "-" ? "stdin" : name;
  api::YamlProblems problems(shown_name);
  const api::YamlNode document = api::ReadYamlDocument(*text, problems);
  if (document.kind == api::YamlNode::Kind::kNull && problems.empty()) {
    // What a generator that failed leaves must not remove everything.
    return Refuse(shown_name, "says nothing; a file that removes everything says {}");
  }
  File file;
  file.stands_alone = document.Find("operations") != nullptr || document.Find("snapshot") != nullptr;
  google::protobuf::Message* message = &file.transaction;
  if (!file.stands_alone) message = file.transaction.mutable_snapshot();
  api::ReadYamlMessage(document, BaseDirectory(name), problems, *message);
  if (!problems.empty()) return problems.ToStatus();
  return file;
}

}  // namespace

absl::StatusOr<v1::Transaction> ReadFiles(const std::vector<std::string>& names, const Environment& environment) {
  v1::Transaction all;
  std::vector<std::string> problems;
  for (const std::string& name : names) {
    const absl::StatusOr<File> file = ReadOne(name, environment);
    if (!file.ok()) {
      problems.emplace_back(file.status().message());
    } else if (file->stands_alone && names.size() > 1) {
      problems.push_back(api::Concat(name, ": a transaction can't be joined with other files"));
    } else {
      all.MergeFrom(file->transaction);
    }
  }
  if (!problems.empty()) return absl::InvalidArgumentError(api::Join(problems, "\n"));
  return all;
}

}  // namespace fairlead::ctl
