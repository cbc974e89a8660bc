#include "source/firebird/connection.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <set>
#include <tuple>

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
        list += list.empty() ? "'" : ", '";
        for (const char c : word) list += c == '\'' ? "''" : std::string(1, c);
        list += "'";
    }
    return list;
}

bool is_text_type(int catalog_type) {  // CHAR, VARCHAR, CSTRING, BLOB in RDB$FIELDS
    return catalog_type == 14 || catalog_type == 37 || catalog_type == 40 || catalog_type == 261;
}

// Which of the words name something that is run: a server before 3.0 has no packages.
Result<void> learn_routines(
    Connection& connection, Transaction& transaction, const std::set<std::string>& words
) {
    const auto packaged = connection.query(
        transaction, "select count(*) from rdb$relations where rdb$relation_name = 'RDB$PACKAGES'",
        {}, 1
    );
    if (!packaged) return fail(packaged.error());
    const bool has_packages = packaged->front()[0] != "0";
    const std::string alone = has_packages ? " and rdb$package_name is null" : "";
    std::vector<std::tuple<std::string, std::string, std::set<std::string>*>> asked = {
        {"rdb$procedures", "rdb$procedure_name", &connection.procedures}};
    if (has_packages) {  // before them functions needed no right
        asked.emplace_back("rdb$functions", "rdb$function_name", &connection.functions);
        asked.emplace_back("rdb$packages", "rdb$package_name", &connection.packages);
    }
    for (const auto& [table, name, into] : asked) {
        const auto rows = connection.query(
            transaction,
            fmt::format(
                "select {0} from {1} where coalesce(rdb$system_flag, 0) = 0 and {0} in ({2}){3}",
                name, table, literal_list(words), table == "rdb$packages" ? "" : alone
            ),
            {}, 100'000
        );
        if (!rows) return fail(rows.error());
        for (const auto& row : *rows) into->insert(row[0].value_or(""));
    }
    return {};
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
    for (const StreamDeclaration* stream : asked_of(connector)) {
        for (std::string& word : identifiers_in(stream->fetch_sql)) words.insert(std::move(word));
        for (std::string& word : identifiers_in(stream->requires_table))
            words.insert(std::move(word));
        for (const std::string& stamp : stream->stamps)
            for (std::string& word : identifiers_in(stamp)) words.insert(std::move(word));
        for (std::string& word : identifiers_in(stream->key)) words.insert(std::move(word));
    }
    words.insert("RDB$DATABASE");
    if (auto routines = learn_routines(connection, *transaction, words); !routines) return routines;
    auto fields = connection.query(
        *transaction,
        fmt::format(
            "select r.rdb$relation_name, r.rdb$field_name, f.rdb$field_type, "
            "f.rdb$character_set_id from rdb$relation_fields r "
            "left join rdb$fields f on f.rdb$field_name = r.rdb$field_source "
            "where r.rdb$relation_name in ({})",
            literal_list(words)
        ),
        {}, 100'000
    );
    if (!fields) return fail(fields.error());
    std::map<int, std::string> names;
    for (const auto& row : *sets)
        names[std::atoi(row[0].value_or("0").c_str())] = row[1].value_or("");
    const bool has_utf8 = std::any_of(names.begin(), names.end(), [](const auto& set) {
        return set.second == "UTF8";
    });
    connection.sets.utf8 = has_utf8 ? "UTF8" : "UNICODE_FSS";
    for (const auto& field : *fields) {
        const std::string column = field[1].value_or("");
        connection.catalog.tables[field[0].value_or("")].insert(column);
        if (is_text_type(std::atoi(field[2].value_or("0").c_str())) && field[3])
            connection.sets.of_columns[column].insert(names[std::atoi(field[3]->c_str())]);
    }
    connection.sets.of_base = base->empty() ? "NONE" : base->front()[0].value_or("NONE");
    connection.sets.for_none =
        settings.charset.empty() ? connection.sets.of_base : settings.charset;
    connection.charsets = std::make_unique<Charsets>(std::move(names), connection.sets.for_none);
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
    auto text = server_text(sql, dialect, sets);
    if (!text) return fail(text.error());
    auto statement = Statement::prepare(transaction, *text, dialect);
    if (!statement) return fail(statement.error());
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
    auto bytes = server_text(*text, dialect, sets);
    if (!bytes) return fail(bytes.error().within(stream.fetch_file.filename().string()));
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
    const auto bytes = server_text(
        "select Q.C" + std::to_string(key->index) + " from (" + *text + ") Q (" + names + ")",
        dialect, sets
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
