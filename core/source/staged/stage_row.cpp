#include "source/staged/stage_row.hpp"

#include "base/result.hpp"

namespace mis::source {
namespace {

// Seven bits a byte, the lowest first.
void append_number(std::string& out, std::size_t number) {
    for (; number >= 0x80; number >>= 7) out.push_back(static_cast<char>(0x80 | (number & 0x7f)));
    out.push_back(static_cast<char>(number));
}

std::size_t read_number(std::string_view& bytes) {
    std::size_t number = 0;
    for (int shift = 0;; shift += 7) {
        MIS_ASSERT(!bytes.empty() && shift < 64);
        const auto byte = static_cast<unsigned char>(bytes.front());
        bytes.remove_prefix(1);
        number |= static_cast<std::size_t>(byte & 0x7f) << shift;
        if (byte < 0x80) return number;
    }
}

std::string_view read_text(std::string_view& bytes, std::size_t length) {
    MIS_ASSERT(length <= bytes.size());
    const std::string_view text = bytes.substr(0, length);
    bytes.remove_prefix(length);
    return text;
}

void append_texts(std::string& out, const std::vector<std::string>& texts) {
    append_number(out, texts.size());
    for (const std::string& text : texts) {
        append_number(out, text.size());
        out += text;
    }
}

}  // namespace

void append_stage_row(std::string& out, const RowBatch& rows, std::size_t row) {
    for (std::size_t column = 0; column < rows.columns(); ++column) {
        const auto cell = rows.cell(row, column);
        append_number(out, cell ? cell->size() + 1 : 0);
        if (cell) out += *cell;
    }
    append_texts(out, rows.issues_of(row));
    append_texts(out, rows.notes_of(row));
}

void read_stage_row(std::string_view bytes, RowBatch& rows) {
    const std::string_view cells = bytes;
    // issues and notes belong to the row that is being built, so they come before its cells
    for (std::size_t column = 0; column < rows.columns(); ++column)
        if (const std::size_t length = read_number(bytes); length > 0) read_text(bytes, length - 1);
    for (std::size_t left = read_number(bytes); left > 0; --left) {
        const std::size_t length = read_number(bytes);
        rows.add_issue(std::string(read_text(bytes, length)));
    }
    for (std::size_t left = read_number(bytes); left > 0; --left) {
        const std::size_t length = read_number(bytes);
        rows.add_note(std::string(read_text(bytes, length)));
    }
    bytes = cells;
    for (std::size_t column = 0; column < rows.columns(); ++column) {
        const std::size_t length = read_number(bytes);
        if (length == 0)
            rows.add_null();
        else
            rows.add(read_text(bytes, length - 1));
    }
}

}  // namespace mis::source
