#include "source/firebird/connection.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <set>

#include "source/sql_words.hpp"

namespace mis::source::firebird {
namespace {

std::string target_database(const FirebirdSettings& settings) {
    if (settings.host.empty()) return settings.database;
    return fmt::format("{}/{}:{}", settings.host, settings.port, settings.database);
}

std::string literal_list(const std::set<std::string>& words) {
    std::string list;
    for (const std::string& word : words) {
        if (word.find('\'') != std::string::npos) continue;
        list += (list.empty() ? "'" : ", '") + word + "'";
    }
    return list;
}

}  // namespace

AttachTarget target_of(const FirebirdSettings& settings) {
    AttachTarget target;
    target.database = target_database(settings);
    target.user = settings.user;
    target.password = settings.password;
    target.role = settings.role;
    target.dialect = settings.dialect;
    target.connect_seconds_max = settings.connect_seconds_max;
    if (!settings.wire_crypt.empty()) target.config += "WireCrypt=" + settings.wire_crypt + "\n";
    if (!settings.auth.empty()) target.config += "AuthClient=" + settings.auth + "\n";
    return target;
}

Result<void> learn(
    Connection& connection, const Connector& connector, const FirebirdSettings& settings
) {
    auto transaction = Transaction::begin(*connection.attachment, Access::read_only_snapshot);
    if (!transaction) return fail(transaction.error());
    // names of the catalog are in UTF-8's predecessor
    connection.charsets = std::make_unique<Charsets>(
        std::map<int, std::string>{{2, "ASCII"}, {3, "UTF8"}, {4, "UTF8"}}, "NONE"
    );
    auto sets = connection.query(
        *transaction, "select rdb$character_set_id, rdb$character_set_name from rdb$character_sets",
        {}, 1000
    );
    if (!sets) return fail(sets.error());
    auto base =
        connection.query(*transaction, "select rdb$character_set_name from rdb$database", {}, 1);
    if (!base) return fail(base.error());

    std::set<std::string> words;
    for (const StreamDeclaration& stream : connector.streams) {
        for (std::string& word : identifiers_in(stream.fetch_sql)) words.insert(std::move(word));
        for (std::string& word : identifiers_in(stream.requires_table))
            words.insert(std::move(word));
        for (const std::string& stamp : stream.stamps)
            for (std::string& word : identifiers_in(stamp)) words.insert(std::move(word));
    }
    words.insert("RDB$DATABASE");
    auto fields = connection.query(
        *transaction,
        fmt::format(
            "select rdb$relation_name, rdb$field_name from rdb$relation_fields where "
            "rdb$relation_name in ({})",
            literal_list(words)
        ),
        {}, 100'000
    );
    if (!fields) return fail(fields.error());
    for (const auto& field : *fields)
        connection.catalog.tables[field[0].value_or("")].insert(field[1].value_or(""));

    connection.base_charset_name = base->empty() ? "NONE" : base->front()[0].value_or("NONE");
    std::string for_none =
        settings.charset.empty() ? connection.base_charset_name : settings.charset;
    auto text_set = TextDecoder::of(
        connection.base_charset_name == "NONE" ? for_none : connection.base_charset_name
    );
    if (!text_set) return fail(text_set.error());
    connection.base_charset = *std::move(text_set);
    std::map<int, std::string> names;
    for (const auto& row : *sets)
        names[std::atoi(row[0].value_or("0").c_str())] = row[1].value_or("");
    connection.charsets = std::make_unique<Charsets>(std::move(names), std::move(for_none));
    return {};
}

Statement::Encode Connection::encoder() const {
    return [this](std::string_view text, int charset_id) -> Result<std::string> {
        auto decoder = charsets->decoder(charset_id);
        if (!decoder) return fail(decoder.error());
        return (*decoder)->encode(text);
    };
}

Result<TextRows> Connection::query(
    Transaction& transaction, std::string_view sql, const std::vector<std::string>& parameters,
    std::size_t rows_max
) {
    auto statement = Statement::prepare(transaction, sql, dialect);
    if (!statement) return fail(statement.error());
    std::vector<ColumnDeclaration> columns;
    std::vector<ColumnPlan> plan;
    for (int i = 0; i < (*statement)->column_count(); ++i) {
        auto column =
            plan_column(**statement, i, {fmt::format("c{}", i), ColumnType::text, 2}, *charsets);
        if (!column) return fail(column.error());
        plan.push_back(*std::move(column));
    }
    if (auto done = (*statement)->execute(transaction, parameters, encoder()); !done)
        return fail(done.error());
    TextRows found;
    RowBatch batch(plan.size());
    while (found.size() < rows_max) {
        auto more = (*statement)->fetch();
        if (!more) return fail(more.error());
        if (!*more) break;
        batch.clear();
        if (auto row = append_row(**statement, plan, transaction, batch); !row)
            return fail(row.error());
        auto& cells = found.emplace_back();
        for (std::size_t column = 0; column < plan.size(); ++column) {
            const auto cell = batch.cell(0, column);
            cells.push_back(cell ? std::optional(std::string(*cell)) : std::nullopt);
        }
    }
    return found;
}

Result<Prepared*> Connection::prepared(
    Transaction& transaction, const StreamDeclaration& stream, const SliceForm& form,
    const std::map<std::string, std::string>& site
) {
    const auto key = std::pair(stream.name, form);
    if (const auto found = statements.find(key); found != statements.end()) return &found->second;
    auto text = render_fetch(stream, form, catalog, site);
    if (!text) return fail(text.error());
    if (text->empty()) return nullptr;
    auto bytes = base_charset->encode(*text);
    if (!bytes)
        return fail(Error{ErrorKind::misconfigured, bytes.error().text}.within(
            stream.fetch_file.filename().string()
        ));
    auto statement = Statement::prepare(transaction, *bytes, dialect);
    if (!statement)
        return fail(statement.error().within(
            fmt::format("{} ({})", stream.fetch_file.filename().string(), describe(form))
        ));
    auto plan = plan_columns(**statement, stream.columns, *charsets);
    if (!plan) return fail(plan.error().within(stream.fetch_file.filename().string()));
    return &statements.emplace(key, Prepared{*std::move(statement), *std::move(plan)})
                .first->second;
}

Result<void> Connection::keys(
    const StreamDeclaration& stream, const SliceForm& form, const Slice& slice,
    const std::map<std::string, std::string>& site, std::size_t most,
    std::vector<std::string>& found
) {
    auto transaction = Transaction::begin(*attachment, Access::read_only_snapshot);
    if (!transaction) return fail(transaction.error());
    const auto whole = prepared(*transaction, stream, form, site);
    if (!whole) return fail(whole.error());
    if (*whole == nullptr) return {};
    const ColumnPlan* key = nullptr;
    for (const ColumnPlan& column : (*whole)->plan)
        if (column.declared.name == stream.key_column) key = &column;
    if (key == nullptr)
        return fail(ErrorKind::malformed, "the key " + stream.key_column + " is no column");
    // Numbered names, for a fetch may give columns without one.
    std::string names;
    for (int i = 0; i < (*whole)->statement->column_count(); ++i)
        names += (i > 0 ? ", C" : "C") + std::to_string(i);
    const auto text = render_fetch(stream, form, catalog, site);
    if (!text) return fail(text.error());
    const auto bytes = base_charset->encode(
        "select Q.C" + std::to_string(key->index) + " from (" + *text + ") Q (" + names + ")"
    );
    if (!bytes) return fail(bytes.error());
    auto statement = Statement::prepare(*transaction, *bytes, dialect);
    if (!statement) return fail(statement.error());
    auto column = plan_column(**statement, 0, key->declared, *charsets);
    if (!column) return fail(column.error());
    const std::vector<ColumnPlan> plan{*std::move(column)};
    if (auto done = (*statement)->execute(*transaction, parameters_of(form, slice), encoder());
        !done)
        return done;
    RowBatch batch(1);
    while (true) {
        const auto more = (*statement)->fetch();
        if (!more) return fail(more.error());
        if (!*more) return {};
        if (found.size() == most)
            return fail(ErrorKind::malformed, "more than " + std::to_string(most) + " rows");
        batch.clear();
        if (auto row = append_row(**statement, plan, *transaction, batch); !row) return row;
        found.emplace_back(batch.cell(0, 0).value_or(""));
    }
}

}  // namespace mis::source::firebird
