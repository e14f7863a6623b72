#include "dataplane/base/allocation_counter.h"

#include <malloc.h>

#include <cstdlib>
#include <new>

#if defined(__has_feature)
#define SANITIZER_HAS_OPERATORS_OF_ITS_OWN (__has_feature(address_sanitizer) || __has_feature(thread_sanitizer))
#endif

namespace {

thread_local size_t allocations_so_far = 0;
thread_local size_t bytes_so_far = 0;
thread_local int64_t bytes_held_now = 0;

void CountAllocation(void* memory, size_t size) {
  ++allocations_so_far;
  bytes_so_far += size;
  bytes_held_now += static_cast<int64_t>(malloc_usable_size(memory));
}

void CountFree(void* memory) { bytes_held_now -= static_cast<int64_t>(malloc_usable_size(memory)); }

}  // namespace

#if SANITIZER_HAS_OPERATORS_OF_ITS_OWN

// They can't be replaced, or not all of them; they call these hooks.
extern "C" void __sanitizer_malloc_hook(void* memory, size_t size) { CountAllocation(memory, size); }
extern "C" void __sanitizer_free_hook(void* memory) { CountFree(memory); }

#else

namespace {

void* Allocate(size_t size, size_t alignment) {
  // aligned_alloc wants a multiple of the alignment.
  void* memory = std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
  if (memory == nullptr) throw std::bad_alloc();
  CountAllocation(memory, size);
  return memory;
}

void Free(void* memory) {
  CountFree(memory);
  std::free(memory);
}

}  // namespace

// The other forms of new and delete call these.
void* operator new(size_t size) { return Allocate(size, __STDCPP_DEFAULT_NEW_ALIGNMENT__); }
void* operator new(size_t size, std::align_val_t alignment) { return Allocate(size, static_cast<size_t>(alignment)); }
void operator delete(void* memory) noexcept { Free(memory); }
void operator delete(void* memory, size_t) noexcept { Free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { Free(memory); }
void operator delete(void* memory, size_t, std::align_val_t) noexcept { Free(memory); }

#endif

namespace fairlead::base {

AllocationCounter::AllocationCounter()
    : allocations_before_(allocations_so_far), bytes_before_(bytes_so_far), bytes_held_before_(bytes_held_now) {}

size_t AllocationCounter::allocations() const { return allocations_so_far - allocations_before_; }
size_t AllocationCounter::bytes() const { return bytes_so_far - bytes_before_; }
int64_t AllocationCounter::bytes_held() const { return bytes_held_now - bytes_held_before_; }

}  // namespace fairlead::base
