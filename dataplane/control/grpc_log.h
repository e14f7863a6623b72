#pragma once

#include <string_view>

namespace fairlead::control {

// Has what gRPC wants to say to operators, such as why a controller's TLS handshake failed, told by `write`: a line of
// at most one a second, from any thread, so that nobody can fill a log by knocking. For the whole process; what the
// environment asks for by GRPC_VERBOSITY or GRPC_TRACE stays as gRPC does it.
void TellGrpcErrors(void (*write)(std::string_view line));

}  // namespace fairlead::control
