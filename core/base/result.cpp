#include "base/result.hpp"

#include <cstdio>
#include <cstdlib>

namespace mis {

std::string_view to_string(ErrorKind kind) {
    switch (kind) {
        case ErrorKind::unavailable:
            return "unavailable";
        case ErrorKind::rejected:
            return "rejected";
        case ErrorKind::malformed:
            return "malformed";
        case ErrorKind::misconfigured:
            return "misconfigured";
        case ErrorKind::cancelled:
            return "cancelled";
    }
    return "unknown";
}

void invariant_broken(const char* condition, const char* file, int line) {
    std::fprintf(stderr, "invariant broken: %s (%s:%d)\n", condition, file, line);
    std::abort();
}

}  // namespace mis
