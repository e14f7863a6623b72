#pragma once

#include <cstdint>

namespace fairlead::config {

// Places in the snapshot's vectors. A resource keeps its slot for as long as it exists; a slot that became free may be
// given to another resource by a later transaction. They are dense: below the size of their vector.
using ListenerSlot = uint32_t;
using RouteTableSlot = uint32_t;
using BackendSlot = uint32_t;
using CertificateSlot = uint32_t;
using TrustBundleSlot = uint32_t;
using TicketKeysSlot = uint32_t;
using ServerSlot = uint32_t;  // within one backend

}  // namespace fairlead::config
