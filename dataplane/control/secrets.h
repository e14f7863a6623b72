#pragma once

#include "fairlead/v1/resources.pb.h"

namespace fairlead::control {

// Takes out what is never told to anybody again: keys.
inline void LeaveOutSecrets(v1::Certificate& certificate) { certificate.clear_key(); }
inline void LeaveOutSecrets(v1::Snapshot& state) {
  for (v1::Certificate& certificate : *state.mutable_certificates()) LeaveOutSecrets(certificate);
}

}  // namespace fairlead::control
