// The oracle log: what the simulated MIS really did, one JSON line per committed transaction, for
// tests that must not ask the gateway.
//
//   {"time":"2026-03-02T10:00:00.123Z","action":"treat","rows":[{"table":"TREAT","op":"insert","key":"…"},…],"expect":["procedure.performed",…]}
//
// `time` is just after the commit returned. `expect` lists event types (schemas/README.md section
// 2, without prefix and version) that a gateway that sees this commit by itself will announce; two
// commits within one pass may fall into one. A line is written and flushed after its commit: a
// killed simulator loses at most the line of its last commit.
#pragma once

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace mis::simulator {

struct Touched {
    std::string_view table;
    std::string_view op;  // insert, update, delete
    std::int64_t key;
};

class Oracle {
  public:
    explicit Oracle(const std::filesystem::path& path
    );  // appended; empty path: only counts. Throws std::runtime_error
    Oracle(const Oracle&) = delete;
    Oracle& operator=(const Oracle&) = delete;
    ~Oracle();

    void committed(
        std::string_view action, const std::vector<Touched>& rows,
        const std::vector<std::string_view>& expect
    );

    std::int64_t commits() const { return commits_; }
    // "SCHEDULE insert" → how many rows
    const std::map<std::string, std::int64_t>& rows() const { return rows_; }
    const std::map<std::string, std::int64_t>& expected() const { return expected_; }

  private:
    std::FILE* file_ = nullptr;
    std::int64_t commits_ = 0;
    std::map<std::string, std::int64_t> rows_, expected_;
};

}  // namespace mis::simulator
