#include "digitnet/aligned_buffer.hpp"

#ifdef __linux__
#include <sys/mman.h>
#endif

namespace digitnet {
namespace {

constexpr std::size_t kHugePage = std::size_t{1} << 21;

// From half a huge page on: what is gained in speed is worth the rest of the page.
bool is_large(std::size_t bytes) { return bytes >= kHugePage / 2; }

std::align_val_t alignment_of(std::size_t bytes) {
  return std::align_val_t{is_large(bytes) ? kHugePage : std::size_t{64}};
}

}  // namespace

void* allocate_aligned(std::size_t bytes) {
  // Whole huge pages: a part of one would stay on small pages.
  const std::size_t size =
      is_large(bytes) ? (bytes + kHugePage - 1) / kHugePage * kHugePage : bytes;
  // AddressSanitizer ends the process where the throwing operator new fails.
  void* memory = ::operator new(size, alignment_of(bytes), std::nothrow);
  if (memory == nullptr) throw std::bad_alloc();
#ifdef MADV_HUGEPAGE
  if (is_large(bytes)) (void)madvise(memory, size, MADV_HUGEPAGE);  // a wish: no harm if refused
#endif
  return memory;
}

void free_aligned(void* memory, std::size_t bytes) {
  ::operator delete(memory, alignment_of(bytes));
}

}  // namespace digitnet
