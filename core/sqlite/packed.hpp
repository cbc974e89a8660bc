// Long values that are written often and read seldom, kept as LZ4 frames (base/lz4.hpp).
#pragma once

#include <string>
#include <string_view>

namespace mis::sqlite {

// As it is kept; empty: it is so short that it is kept as it is. On any thread.
std::string packed(std::string_view plain);
// reading: "the outbox", for the error's text. Throws StoreError (corrupt).
std::string unpacked(std::string_view frame, std::string_view reading);

}  // namespace mis::sqlite
