#include "dataplane/control/subscribers.h"

#include <algorithm>

namespace fairlead::control {

Subscribers::Subscription::Subscription(Subscribers* subscribers, OnChange on_change)
    : subscribers_(subscribers), on_change_(std::move(on_change)) {
  subscribers_->list_.push_back(this);
}

Subscribers::Subscription::~Subscription() {
  std::replace(subscribers_->list_.begin(), subscribers_->list_.end(), this, static_cast<Subscription*>(nullptr));
}

void Subscribers::Notify(const Changes& changes) {
  std::erase(list_, nullptr);
  // By index: the list may grow meanwhile, and its elements may become null.
  for (size_t i = 0, count = list_.size(); i < count; ++i) {
    if (list_[i] == nullptr) continue;
    // Out of the subscription, which may end within the call.
    OnChange on_change = std::move(list_[i]->on_change_);
    on_change(changes);
    if (list_[i] != nullptr) list_[i]->on_change_ = std::move(on_change);
  }
}

}  // namespace fairlead::control
