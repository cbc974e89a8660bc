#include "support/firebird_writer.hpp"

#include <charconv>
#include <map>
#include <stdexcept>

#include "source/firebird/decode.hpp"
#include "source/firebird/statement_text.hpp"

namespace mis::support {
namespace fb = source::firebird;

namespace {

template <typename Value>
Value or_throw(Result<Value> result) {
    if (!result) throw std::runtime_error(result.error().text);
    if constexpr (!std::is_void_v<Value>) return *std::move(result);
}

fb::AttachTarget target_of(const FirebirdLogin& login) {
    fb::AttachTarget target;
    target.database = login.database;
    target.user = login.user;
    target.password = login.password;
    target.dialect = login.dialect;
    return target;
}

std::shared_ptr<const fb::Api> client() {
    return or_throw(fb::Api::load({"libfbclient.so.2", "libfbclient.so"}));
}

Result<std::string> plain_only(std::string_view, int) {
    return fail(ErrorKind::malformed, "no parameters here");
}

}  // namespace

struct FirebirdWriter::State {
    std::unique_ptr<fb::Attachment> attachment;
    int dialect = 3;
    std::optional<fb::TextSets> sets;
    std::optional<fb::Charsets> charsets;
    std::optional<fb::Transaction> transaction;

    std::string encoded(std::string_view sql) const {
        return sets ? or_throw(fb::server_text(sql, dialect, *sets)) : std::string(sql);
    }

    std::vector<std::vector<std::string>> rows(fb::Transaction& in, std::string_view sql) {
        auto statement = or_throw(fb::Statement::prepare(in, encoded(sql), dialect));
        std::vector<fb::ColumnPlan> plan;
        for (int i = 0; i < statement->column_count(); ++i)
            plan.push_back(or_throw(fb::plan_column(
                *statement, i, {"c" + std::to_string(i), source::ColumnType::text, 2}, *charsets
            )));
        or_throw(statement->execute(in, {}, plain_only));
        source::RowBatch batch(plan.size());
        while (or_throw(statement->fetch())) or_throw(fb::append_row(*statement, plan, in, batch));
        std::vector<std::vector<std::string>> found(batch.rows());
        for (std::size_t row = 0; row < batch.rows(); ++row)
            for (std::size_t column = 0; column < batch.columns(); ++column)
                found[row].emplace_back(batch.cell(row, column).value_or("<null>"));
        return found;
    }
};

namespace {

std::string trimmed(std::string text) {
    text.erase(text.find_last_not_of(' ') + 1);
    return text;
}

}  // namespace

FirebirdWriter::FirebirdWriter(std::unique_ptr<State> state) : state_(std::move(state)) {
    auto in = or_throw(fb::Transaction::begin(*state_->attachment, fb::Access::read_only_snapshot));
    // no sets are known yet: these two answers are plain ASCII, in hexadecimal only where the
    // server says OCTETS
    fb::Charsets ascii({{2, "ASCII"}, {3, "UTF8"}, {4, "UTF8"}}, "NONE");
    state_->charsets.emplace(std::move(ascii));
    std::map<int, std::string> names;
    for (auto& row : state_->rows(
             in, "select rdb$character_set_id, rdb$character_set_name from rdb$character_sets"
         ))
        names[std::stoi(row[0])] = trimmed(row[1]);
    const auto base = state_->rows(in, "select rdb$character_set_name from rdb$database");
    const std::string name = base.empty() || base[0][0] == "<null>" ? "NONE" : trimmed(base[0][0]);
    state_->charsets.emplace(names, name);
    state_->sets.emplace(fb::TextSets{{}, name, name, "UTF8"});
}

FirebirdWriter::FirebirdWriter(FirebirdWriter&&) noexcept = default;
FirebirdWriter& FirebirdWriter::operator=(FirebirdWriter&&) noexcept = default;
FirebirdWriter::~FirebirdWriter() {
    if (!state_) return;
    state_->transaction.reset();
}

FirebirdWriter FirebirdWriter::create(
    const FirebirdLogin& login, std::string_view charset, int page_bytes
) {
    auto state = std::make_unique<State>();
    state->dialect = login.dialect;
    const std::string collation = charset == "WIN1251" ? " collation PXW_CYRL" : "";
    const std::string set_up = "page_size " + std::to_string(page_bytes) +
                               " default character set " + std::string(charset) + collation;
    state->attachment =
        or_throw(fb::Attachment::create_database(client(), target_of(login), set_up));
    return FirebirdWriter(std::move(state));
}

FirebirdWriter FirebirdWriter::open(const FirebirdLogin& login) {
    auto state = std::make_unique<State>();
    state->dialect = login.dialect;
    state->attachment = or_throw(fb::Attachment::open(client(), target_of(login)));
    return FirebirdWriter(std::move(state));
}

void FirebirdWriter::begin() {
    if (state_->transaction) throw std::runtime_error("a transaction is open already");
    state_->transaction.emplace(
        or_throw(fb::Transaction::begin(*state_->attachment, fb::Access::read_write))
    );
}

void FirebirdWriter::commit() {
    if (!state_->transaction) throw std::runtime_error("no transaction is open");
    or_throw(state_->transaction->commit());
    state_->transaction.reset();
}

void FirebirdWriter::rollback() { state_->transaction.reset(); }

bool FirebirdWriter::in_transaction() const { return state_->transaction.has_value(); }

void FirebirdWriter::execute(std::string_view sql) {
    const auto run = [&](fb::Transaction& in) {
        auto done = in.execute(state_->encoded(sql), state_->dialect);
        if (!done)
            throw std::runtime_error(done.error().text + " in: " + std::string(sql.substr(0, 200)));
    };
    if (state_->transaction) return run(*state_->transaction);
    auto own = or_throw(fb::Transaction::begin(*state_->attachment, fb::Access::read_write));
    run(own);
    or_throw(own.commit());
}

void FirebirdWriter::execute_script(std::string_view sql) {
    std::string statement;
    const auto flush = [&] {
        const std::size_t end = statement.find_last_not_of(" \n\r\t;");
        if (end != std::string::npos) execute(std::string_view(statement).substr(0, end + 1));
        statement.clear();
    };
    while (!sql.empty()) {
        const std::size_t end = sql.find('\n');
        const std::string_view line = sql.substr(0, end);
        sql.remove_prefix(end == std::string_view::npos ? sql.size() : end + 1);
        statement.append(line).push_back('\n');
        const std::size_t last = line.find_last_not_of(" \r\t");
        if (last != std::string_view::npos && line[last] == ';') flush();
    }
    flush();
}

std::optional<std::string> FirebirdWriter::value(std::string_view sql) {
    auto found = rows(sql);
    if (found.empty() || found[0].empty() || found[0][0] == "<null>") return std::nullopt;
    return found[0][0];
}

std::int64_t FirebirdWriter::number(std::string_view sql) {
    const auto text = value(sql).value_or("");
    std::int64_t number = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (problem != std::errc() || end != text.data() + text.size())
        throw std::runtime_error("no whole number: " + text);
    return number;
}

std::vector<std::vector<std::string>> FirebirdWriter::rows(std::string_view sql) {
    if (state_->transaction) return state_->rows(*state_->transaction, sql);
    auto own =
        or_throw(fb::Transaction::begin(*state_->attachment, fb::Access::read_only_snapshot));
    return state_->rows(own, sql);
}

std::string quoted(std::string_view text) {
    std::string out = "'";
    for (const char c : text) {
        out.push_back(c);
        if (c == '\'') out.push_back(c);
    }
    return out + "'";
}

}  // namespace mis::support
