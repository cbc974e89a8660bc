#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "source/files/files_reader.hpp"
#include "source/files/formats.hpp"
#include "source/files/head_rows.hpp"

namespace mis::source::files {
namespace {

constexpr std::size_t kFilesLookedAtMax = 50;  // the newest
constexpr std::size_t kStemSigns = 5;

std::size_t signs_of(std::string_view text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
    }));
}

// Of "Сумма лимита": "сумма", "лимит".
void add_stems(std::vector<std::string>& stems, std::string_view heading) {
    std::string text = fold(heading);
    for (char& c : text)
        if (c == '.' || c == ',' || c == '_' || c == '/') c = ' ';
    for (const std::string_view word : split(text, ' ')) {
        if (signs_of(word) < kStemSigns - 1) continue;
        std::size_t end = 0, signs = 0;
        while (end < word.size() && signs < kStemSigns) {
            ++signs;
            for (++end;
                 end < word.size() && (static_cast<unsigned char>(word[end]) & 0xc0) == 0x80;)
                ++end;
        }
        stems.emplace_back(word.substr(0, end));
    }
}

bool fits(ColumnType type, const std::vector<std::string>& shapes) {
    if (shapes.empty()) return false;
    return std::all_of(shapes.begin(), shapes.end(), [&](const std::string& shape) {
        switch (type) {
            case ColumnType::timestamp:
            case ColumnType::date:
                return shape.starts_with("99.99.99") || shape.starts_with("9999-99-99");
            case ColumnType::decimal:
            case ColumnType::integer:
                return shape.find_first_not_of("9., -") == std::string::npos &&
                       !shape.starts_with("99.99.9");
            case ColumnType::text:
            case ColumnType::boolean:
                break;
        }
        return false;
    });
}

}  // namespace

// Whether some stream of the connector calls one of its columns so.
bool FilesReader::is_known_heading(std::string_view name) const {
    return std::any_of(
        connector_.streams.begin(), connector_.streams.end(),
        [&](const StreamDeclaration& stream) {
            return Headings(stream, settings_.columns).column_of(name).has_value();
        }
    );
}

Result<std::unique_ptr<HeadRows>> FilesReader::head_of(
    const StreamDeclaration* stream, const Export& file
) const {
    auto rows = std::make_unique<HeadRows>([this](std::string_view name) {
        return is_known_heading(name);
    });
    auto done = read_rows(stream == nullptr ? FileDeclaration{} : *stream->file, file, *rows);
    if (!done && !rows->is_enough()) return fail(done.error());
    return rows;
}

// Of every file of ours what its columns are called and what values look like.
Result<std::vector<TableDescription>> FilesReader::discover() {
    auto found = files_of("*");
    if (!found) return fail(found.error());
    std::erase_if(*found, [](const Export& file) {
        return format_by_name(file.path) == Format::by_name;
    });
    std::sort(found->begin(), found->end(), [](const Export& a, const Export& b) {
        return a.state.modified_us > b.state.modified_us;
    });
    if (found->size() > kFilesLookedAtMax) found->resize(kFilesLookedAtMax);
    std::vector<TableDescription> described;
    for (const Export& file : *found) {
        const std::string name = file.path.filename().string();
        const StreamDeclaration* of = nullptr;
        for (const StreamDeclaration& stream : connector_.streams)
            if (of == nullptr && matches(pattern_of(stream), name)) of = &stream;
        const auto head = head_of(of, file);
        if (head) {
            described.push_back((*head)->described(name));
        } else {
            described.emplace_back().name = name;
            described.back().remark = head.error().text;
        }
    }
    std::sort(described.begin(), described.end(), [](const auto& a, const auto& b) {
        return a.name < b.name;
    });
    return described;
}

Result<std::optional<std::string>> FilesReader::known_by() {
    std::string text;
    for (const StreamDeclaration& stream : connector_.streams) {
        const auto file = newest(stream);
        if (!file) continue;
        const auto head = head_of(&stream, *file);
        if (!head) continue;
        const auto met = Headings(stream, settings_.columns).met((*head)->names());
        if (!met.all) continue;
        text += fmt::format(
            "{}{} in {} ({} of {} columns)", text.empty() ? "" : ", ", stream.name,
            file->path.filename().string(), met.columns, stream.columns.size()
        );
    }
    if (text.empty()) return std::optional<std::string>();
    return std::optional<std::string>(std::move(text));
}

// Columns that no known heading names: which of the file's others may be meant.
std::vector<Question> FilesReader::questions() {
    std::vector<Question> asked;
    for (const StreamDeclaration& stream : connector_.streams) {
        const auto file = newest(stream);
        if (!file) continue;
        const auto head = head_of(&stream, *file);
        if (!head) continue;
        const Headings headings(stream, settings_.columns);
        const std::string name = file->path.filename().string();
        const TableDescription table = (*head)->described(name);
        std::vector<bool> there(stream.columns.size());
        for (const std::string& heading : (*head)->names())
            if (const auto column = headings.column_of(heading)) there[*column] = true;
        for (std::size_t index = 0; index < stream.columns.size(); ++index) {
            const ColumnDeclaration& column = stream.columns[index];
            if (there[index]) continue;
            Question question;
            question.name = stream.name + "." + column.name;
            question.setting = "files.columns";
            question.in = {name};
            const bool may_lack = stream.file->may_lack.contains(column.name);
            question.about =
                fmt::format("which column it is{}", may_lack ? ", if there is one" : "");
            const auto known = stream.file->headings.find(column.name);
            if (known != stream.file->headings.end())
                for (const std::string& heading : known->second) add_stems(question.words, heading);
            for (const auto& other : table.columns)
                if (!is_known_heading(other.name) && fits(column.type, other.shapes))
                    question.words.push_back(to_lower(other.name));
            if (!question.words.empty()) asked.push_back(std::move(question));
        }
    }
    return asked;
}

}  // namespace mis::source::files
