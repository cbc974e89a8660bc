#include "platform/memory.hpp"

#include <malloc.h>

namespace mis::platform {

void give_back_free_memory() { ::malloc_trim(0); }

}  // namespace mis::platform
