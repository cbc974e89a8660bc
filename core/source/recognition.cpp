#include "source/recognition.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "source/fetch_text.hpp"
#include "source/sql_words.hpp"

namespace mis::source {
namespace {

bool same_name(std::string_view a, std::string_view b) { return to_lower(a) == to_lower(b); }

const TableDescription::Column* find_column(const TableDescription& table, std::string_view name) {
    for (const auto& column : table.columns)
        if (same_name(column.name, name)) return &column;
    return nullptr;
}

bool has_word(const std::vector<std::string>& words, const std::string& name) {
    const std::string lower = to_lower(name);
    return std::any_of(words.begin(), words.end(), [&](const std::string& word) {
        return lower.find(word) != std::string::npos;
    });
}

bool is_asked_of(const Question& question, const TableDescription& table) {
    const auto is_it = [&](const std::string& name) { return same_name(name, table.name); };
    if (!question.in.empty() && std::none_of(question.in.begin(), question.in.end(), is_it))
        return false;
    return question.beside.empty() ||
           std::any_of(
               question.beside.begin(), question.beside.end(),
               [&](const std::string& column) { return find_column(table, column) != nullptr; }
           );
}

}  // namespace

const TableDescription* find_table(
    const std::vector<TableDescription>& tables, std::string_view name
) {
    for (const auto& table : tables)
        if (same_name(table.name, name)) return &table;
    return nullptr;
}

Recognised recognise(const Connector& connector, const std::vector<TableDescription>& tables) {
    Recognised result;
    const Recognition& by = connector.recognition;
    const auto look = [&](const std::string& name) {
        const bool there = find_table(tables, name) != nullptr;
        (there ? result.found : result.missing).push_back(name);
        return there;
    };
    bool all = true, any = by.any.empty();
    for (const std::string& name : by.all) all &= look(name);
    for (const std::string& name : by.any) any |= look(name);
    result.is_it = by.has_tables() && all && any;
    for (const auto& [text, place] : by.versions) {
        const auto names = split_names(place, '.');
        const TableDescription* table = find_table(tables, names.front());
        if (table != nullptr && find_column(*table, names.back()) != nullptr)
            result.versions.push_back(text);
    }
    return result;
}

std::vector<OptionalThing> optional_things(
    const StreamDeclaration& stream, const std::vector<TableDescription>& tables
) {
    std::vector<std::string> texts = stream.stamps;
    texts.push_back(stream.fetch_sql);
    texts.push_back(stream.key);
    if (stream.window) texts.push_back(stream.window->column);
    std::vector<OptionalThing> things;
    for (const std::string& text : texts) {
        const auto pieces = parse_fetch(text, "");
        if (!pieces) continue;
        for (const FetchPiece& piece : *pieces) {
            const bool is_column = piece.kind == FetchPiece::Kind::column;
            if (!is_column && piece.kind != FetchPiece::Kind::table) continue;
            const TableDescription* table = find_table(tables, piece.table);
            const TableDescription::Column* column =
                table && is_column ? find_column(*table, piece.column) : nullptr;
            // as the catalog spells it where it has it
            OptionalThing thing{
                table ? table->name : piece.table,
                column ? column->name : (is_column ? piece.column : ""),
                is_column ? column != nullptr : table != nullptr};
            const bool known = std::any_of(things.begin(), things.end(), [&](const auto& one) {
                return one.table == thing.table && one.column == thing.column;
            });
            if (!known) things.push_back(std::move(thing));
        }
    }
    return things;
}

std::vector<Candidate> candidates(
    const Question& question, const std::vector<TableDescription>& tables
) {
    std::vector<Candidate> found;
    for (const auto& table : tables) {
        if (!is_asked_of(question, table) || found.size() >= kCandidatesMax) continue;
        if (question.of == Question::Of::tables) {
            if (has_word(question.words, table.name))
                found.push_back({&table, nullptr, false, false});
            continue;
        }
        for (const auto& column : table.columns) {
            if (!has_word(question.words, column.name) || found.size() >= kCandidatesMax) continue;
            const bool indexed =
                std::any_of(table.indexes.begin(), table.indexes.end(), [&](const auto& index) {
                    return index.active && !index.columns.empty() &&
                           index.columns.front() == column.name;
                });
            const bool in_key =
                std::find(table.key.begin(), table.key.end(), column.name) != table.key.end();
            found.push_back({&table, &column, in_key, indexed});
        }
    }
    return found;
}

}  // namespace mis::source
