#include "controlplane-mock/snapshot_files.h"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "api/yaml/yaml.h"

namespace fairlead::controlplane_mock {
namespace {

namespace fs = std::filesystem;

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  if (!file.is_open() || file.bad()) return absl::ErrnoToStatus(errno, absl::StrCat(path, ": cannot be read"));
  return text;
}

// Puts the snapshots of texts together and remembers which resource came from where.
class Merger {
 public:
  // Takes everything out of `part`.
  void Add(const std::string& file, v1::Snapshot& part) {
    file_ = &file;
    Take("listener", *part.mutable_listeners(), *merged_.mutable_listeners());
    Take("route table", *part.mutable_route_tables(), *merged_.mutable_route_tables());
    Take("backend", *part.mutable_backends(), *merged_.mutable_backends());
    Take("certificate", *part.mutable_certificates(), *merged_.mutable_certificates());
    Take("trust bundle", *part.mutable_trust_bundles(), *merged_.mutable_trust_bundles());
    Take("ticket keys", *part.mutable_ticket_keys(), *merged_.mutable_ticket_keys());
    Take("reporter", *part.mutable_reporters(), *merged_.mutable_reporters());
    Take("scope", *part.mutable_scopes(), *merged_.mutable_scopes());
    Take("health of", *part.mutable_health(), *merged_.mutable_health());
  }

  absl::StatusOr<v1::Snapshot> Result() && {
    if (!problems_.empty()) return absl::InvalidArgumentError(absl::StrJoin(problems_, "\n"));
    return std::move(merged_);
  }

 private:
  static const std::string& NameOf(const auto& resource) { return resource.id(); }
  static std::string NameOf(const v1::HealthState& state) { return absl::StrCat(state.backend(), "/", state.server()); }

  template <typename Resources>
  void Take(const char* kind, Resources& from, Resources& into) {
    for (auto& resource : from) {
      const std::string what = absl::StrCat(kind, " \"", NameOf(resource), "\"");
      const auto [first, is_new] = origins_.emplace(what, *file_);
      if (!is_new) {
        problems_.push_back(first->second == *file_
                                ? absl::StrCat(*file_, ": ", what, " is there twice")
                                : absl::StrCat(*file_, ": ", what, " is in ", first->second, " too"));
      }
      into.Add(std::move(resource));
    }
  }

  const std::string* file_ = nullptr;
  std::map<std::string, std::string> origins_;  // by "backend "web"": the file
  std::vector<std::string> problems_;
  v1::Snapshot merged_;
};

}  // namespace

absl::StatusOr<std::vector<std::string>> ListSnapshotFiles(const std::vector<std::string>& paths) {
  std::vector<std::string> files;
  for (const std::string& path : paths) {
    std::error_code error;
    if (!fs::is_directory(path, error)) {
      if (!fs::exists(path, error)) return absl::NotFoundError(absl::StrCat(path, ": no such file or directory"));
      files.push_back(path);
      continue;
    }
    std::vector<std::string> in_directory;
    for (fs::directory_iterator entry(path, error), end; !error && entry != end; entry.increment(error)) {
      const std::string name = entry->path().filename();
      if (entry->path().extension() == ".yaml" && name.front() != '.') in_directory.push_back(entry->path());
    }
    if (error) return absl::UnavailableError(absl::StrCat(path, ": ", error.message()));
    std::sort(in_directory.begin(), in_directory.end());
    files.insert(files.end(), in_directory.begin(), in_directory.end());
  }
  return files;
}

absl::StatusOr<v1::Snapshot> LoadSnapshot(const std::vector<std::string>& paths) {
  absl::StatusOr<std::vector<std::string>> files = ListSnapshotFiles(paths);
  if (!files.ok()) return files.status();
  std::vector<SnapshotText> texts;
  for (const std::string& file : *files) {
    absl::StatusOr<std::string> text = ReadFile(file);
    if (!text.ok()) return text.status();
    texts.push_back({.name = file, .text = *std::move(text), .base_directory = fs::absolute(file).parent_path()});
  }
  return ParseSnapshot(texts);
}

absl::StatusOr<v1::Snapshot> ParseSnapshot(const std::vector<SnapshotText>& texts) {
  Merger merger;
  for (const SnapshotText& text : texts) {
    v1::Snapshot part;
    const api::YamlOptions options{.file_name = text.name, .base_directory = text.base_directory};
    if (absl::Status parsed = api::ParseYaml(text.text, options, &part); !parsed.ok()) return parsed;
    merger.Add(text.name, part);
  }
  return std::move(merger).Result();
}

}  // namespace fairlead::controlplane_mock
