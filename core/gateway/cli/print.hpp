// How commands speak: errors on standard error ("what, where, remedy"), tables for people, JSON
// Lines for machines.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "change/references.hpp"
#include "gateway/cli/commands.hpp"

namespace mis::gateway::cli {

// Prints the error; the exit code of its kind: misconfigured is 2, everything else 1.
int report_error(const Error& error);
int report_error(std::string_view text);  // 1

// What nobody sees but a terminal obeys is printed as \u001b, in errors and tables likewise.
void print_line(std::string_view text);
void print_json(const Json& document);

// At a command's end: its exit code, or 1 with a text where what it printed could not be written (a
// full disk). Who only stopped reading gets no text.
int with_output_written(int code);

// Columns aligned by their widest cell, a header in the first row; money columns and other numbers
// stand right when `right` names them.
class Table {
  public:
    explicit Table(std::vector<std::string> header, std::vector<std::size_t> right = {})
        : right_(std::move(right)) {
        rows_.push_back(std::move(header));
    }
    void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
    void print() const;
    std::size_t size() const { return rows_.size() - 1; }

  private:
    std::vector<std::vector<std::string>> rows_;
    std::vector<std::size_t> right_;
};

// A warning each (D4).
void print_references(const Common& common, const std::vector<change::DanglingReference>& dangling);

// "4 500.00 ₽" from {"minor","currency"}; "" where there is none.
std::string money_text(const Json& money);

}  // namespace mis::gateway::cli
