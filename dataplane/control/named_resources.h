#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/numeric/int128.h"

namespace fairlead::control {

// Resources of one kind of which workers know nothing, by id, as they were sent. On the control thread, a part of the
// store.
template <typename Message>
class NamedResources {
 public:
  struct Resource {
    std::shared_ptr<const Message> message;
    absl::uint128 digest = 0;
  };
  // Null message: removed.
  struct Update {
    std::string id;
    Resource resource;
  };

  size_t size() const { return resources_.size(); }
  // Null: there is none.
  const Resource* Find(std::string_view id) const {
    const auto place = resources_.find(id);
    return place == resources_.end() ? nullptr : &place->second;
  }
  // In the order of ids.
  template <typename Visit>
  void ForEach(Visit visit) const {
    for (const auto& [id, resource] : resources_) visit(std::string_view(id), *resource.message);
  }

  void Apply(const std::vector<Update>& updates) {
    for (const Update& update : updates) {
      if (update.resource.message == nullptr) {
        resources_.erase(update.id);
      } else {
        resources_.insert_or_assign(update.id, update.resource);
      }
    }
  }

 private:
  std::map<std::string, Resource, std::less<>> resources_;
};

}  // namespace fairlead::control
