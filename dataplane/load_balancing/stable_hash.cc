#include "dataplane/load_balancing/stable_hash.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace fairlead::load_balancing {
namespace {

// So that a server's id as a key tells nothing of where the server stands: "fairlead" in ASCII.
constexpr uint64_t kServerSeed = 0x666169726c656164;

}  // namespace

uint64_t HashOf(std::string_view bytes, uint64_t seed) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

uint64_t ServerIdentity(std::string_view server_id) { return HashOf(server_id, kServerSeed); }

}  // namespace fairlead::load_balancing
