// Result<T>: the outcome of an operation whose ordinary failure the caller must choose about.
//
// Start-up and local-store failures are exceptions (core/README.md, "Errors"); everything that the
// network, a clinic's base or a bad row can cause is a Result. An error kind exists only where
// behaviour differs. Texts are lower case, say what was being done, with what, then the cause, as a
// chain: "reading appointments: connecting to 10.0.0.5: refused". Personal data never enters an
// error.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

namespace mis {

enum class ErrorKind {
    unavailable,    // the other side cannot be reached or is too slow: retry later
    rejected,       // the other side understood and said no: dead letter
    malformed,      // what was read makes no sense: quarantine
    misconfigured,  // only an operator can mend it: stop that source or sink, keep the rest
    cancelled,      // we asked for it to stop
};

std::string_view to_string(ErrorKind kind);

struct Error {
    ErrorKind kind;
    std::string text;
    // The other side asks not to be asked again before that time has passed (429, Retry-After).
    std::optional<std::chrono::seconds> wait = std::nullopt;

    // The same error with what was being done in front: "doing: text".
    Error within(std::string_view doing) const {
        return Error{kind, std::string(doing) + ": " + text, wait};
    }
};

template <typename T>
using Result = tl::expected<T, Error>;

inline tl::unexpected<Error> fail(ErrorKind kind, std::string text) {
    return tl::unexpected<Error>(Error{kind, std::move(text)});
}
inline tl::unexpected<Error> fail(Error error) { return tl::unexpected<Error>(std::move(error)); }

// A broken invariant. Stays on in release: the supervisor restarts us, and the open transaction
// makes it harmless.
[[noreturn]] void invariant_broken(const char* condition, const char* file, int line);

}  // namespace mis

// The one macro of the project: an assertion that stays on in release needs the condition's text
// and place.
#define MIS_ASSERT(condition) \
    ((condition) ? static_cast<void>(0) : ::mis::invariant_broken(#condition, __FILE__, __LINE__))
