#pragma once

#include "fairlead/v1/prober.pb.h"
#include "prober/check_faults.h"
#include "prober/check_settings.h"

namespace fairlead::prober {

// Makes a check over HTTP ready; what is wrong goes to `faults`.
HttpSettings CompileHttp(const v1::HttpCheck& check, const CheckFaults& faults);

// Whether it can stand in Host or :authority.
bool IsAuthority(std::string_view text);

}  // namespace fairlead::prober
