#include "gateway/cli/print.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <iostream>
#include <system_error>

#include "base/text.hpp"

namespace mis::gateway::cli {
namespace {

std::size_t width_of(std::string_view text
) {  // characters, which all take one column in what we print
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
    }));
}

int first_output_error = 0;  // errno of the first line that could not be written

void flush_output() {
    if (std::fflush(stdout) != 0 && first_output_error == 0) first_output_error = errno;
}

}  // namespace

int report_error(const Error& error) {
    report_error(std::string_view(error.text));
    return error.kind == ErrorKind::misconfigured ? kUsage : kFailed;
}

int report_error(std::string_view text) {
    flush_output();  // in its place where both go to one terminal or file
    std::fprintf(stderr, "mis-gateway: %s\n", escape_invisible(text, LineBreaks::kept).c_str());
    return kFailed;
}

void print_line(std::string_view text) {
    const std::string visible = escape_invisible(text, LineBreaks::kept);
    const bool written = std::fwrite(visible.data(), 1, visible.size(), stdout) == visible.size() &&
                         std::fputc('\n', stdout) != EOF;
    if (!written && first_output_error == 0) first_output_error = errno;
}

int with_output_written(int code) {
    // Before std::cout, which would flush it too and forget why it failed.
    flush_output();
    std::cout.flush();
    if (first_output_error == 0 && std::cout.good() && std::ferror(stdout) == 0) return code;
    if (first_output_error == EPIPE) return kFailed;
    std::fprintf(
        stderr,
        "mis-gateway: writing to standard output: %s; what was printed is not complete: make room "
        "there and ask again\n",
        std::generic_category().message(first_output_error != 0 ? first_output_error : EIO).c_str()
    );
    return kFailed;
}

void print_json(const Json& document) { print_line(document.dump()); }

void Table::print() const {
    std::vector<std::vector<std::string>> rows = rows_;
    std::vector<std::size_t> widths(rows.front().size(), 0);
    for (auto& row : rows)
        for (std::size_t i = 0; i < row.size(); ++i) {
            row[i] = escape_invisible(row[i]);
            widths[i] = std::max(widths[i], width_of(row[i]));
        }
    for (const auto& row : rows) {
        std::string line;
        for (std::size_t i = 0; i < row.size(); ++i) {
            const std::string gap(widths[i] - width_of(row[i]), ' ');
            const bool right = std::find(right_.begin(), right_.end(), i) != right_.end();
            if (i > 0) line += "  ";
            line += right ? gap + row[i] : row[i] + gap;
        }
        line.erase(line.find_last_not_of(' ') + 1);
        print_line(line);
    }
}

void print_references(
    const Common& common, const std::vector<change::DanglingReference>& dangling
) {
    for (const auto& one : dangling) {
        if (common.output == Output::json)
            print_json(
                {{"source", one.source},
                 {"stream", one.stream},
                 {"names", one.named_kind},
                 {"field", one.field},
                 {"records", one.records},
                 {"of", one.of},
                 {"examples", one.examples}}
            );
        else
            print_line("WARNING source " + one.source + ": " + change::describe(one));
    }
}

std::string money_text(const Json& money) {
    const auto parsed = money_from_json(money);
    if (!parsed) return "";
    std::string digits = parsed->to_string();
    const std::string code = digits.substr(digits.size() - 3);
    digits.resize(digits.size() - 4);
    for (auto at = static_cast<std::ptrdiff_t>(digits.find('.')) - 3;
         at > (digits[0] == '-' ? 1 : 0); at -= 3)
        digits.insert(static_cast<std::size_t>(at), " ");
    return digits + " " + (code == "RUB" ? "₽" : code);
}

}  // namespace mis::gateway::cli
