#include "gateway/cli/print.hpp"

#include <algorithm>
#include <cstdio>

#include "base/text.hpp"

namespace mis::gateway::cli {
namespace {

std::size_t width_of(std::string_view text
) {  // characters, which all take one column in what we print
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
    }));
}

}  // namespace

int report_error(const Error& error) {
    report_error(std::string_view(error.text));
    return error.kind == ErrorKind::misconfigured ? kUsage : kFailed;
}

int report_error(std::string_view text) {
    std::fflush(stdout);  // in its place where both go to one terminal or file
    std::fprintf(stderr, "mis-gateway: %s\n", escape_invisible(text, LineBreaks::kept).c_str());
    return kFailed;
}

void print_line(std::string_view text) {
    const std::string visible = escape_invisible(text, LineBreaks::kept);
    std::fwrite(visible.data(), 1, visible.size(), stdout);
    std::fputc('\n', stdout);
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
