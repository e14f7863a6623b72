#pragma once

#include "fairlead/v1/resources.pb.h"

namespace fairlead::control {

// Takes out what is never told to anybody again: keys.
inline void LeaveOutSecrets(v1::Certificate& certificate) { certificate.clear_key(); }
inline void LeaveOutSecrets(v1::TicketKeys& keys) {
  for (v1::TicketKey& key : *keys.mutable_keys()) key.clear_key();
}
inline void LeaveOutSecrets(v1::Snapshot& state) {
  for (v1::Certificate& certificate : *state.mutable_certificates()) LeaveOutSecrets(certificate);
  for (v1::TicketKeys& keys : *state.mutable_ticket_keys()) LeaveOutSecrets(keys);
}

}  // namespace fairlead::control
