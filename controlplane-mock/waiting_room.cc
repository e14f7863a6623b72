#include "controlplane-mock/waiting_room.h"

namespace fairlead::controlplane_mock {

TimePoint WaitingRoom::Admit(const std::string& node_id, bool somebody_leads, TimePoint now) {
  std::erase_if(came_, [&](const auto& proxy) { return proxy.second + kSoon < now; });
  if (!somebody_leads) return Patience(now);
  const bool comes_back = came_.contains(node_id);
  came_[node_id] = now;
  return comes_back ? Patience(now) : now;
}

}  // namespace fairlead::controlplane_mock
