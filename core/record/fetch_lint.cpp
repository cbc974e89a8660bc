#include "record/fetch_lint.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "base/text.hpp"
#include "record/sql_tokens.hpp"

namespace mis::record {

namespace {

constexpr char kPlaceholder = '\xff';  // no letter of SQL: a run of it is a word of its own

// The same text with words in the place of placeholders; {slice} gets brackets, as its condition
// has them. Offsets stay.
std::string without_placeholders(std::string sql) {
    char quote = 0;
    for (std::size_t at = 0; at < sql.size(); ++at) {
        const char c = sql[at];
        if (quote != 0) {
            if (c == quote) quote = 0;
        } else if (c == '\'' || c == '"') {
            quote = c;
        } else if (sql.compare(at, 2, "--") == 0) {
            at = std::min(sql.find('\n', at), sql.size());
        } else if (sql.compare(at, 2, "/*") == 0) {
            at = std::min(sql.find("*/", at), sql.size());
        } else if (c == '{') {
            const std::size_t end = sql.find('}', at);
            if (end == std::string::npos) break;
            const bool slice = sql.compare(at, 7, "{slice}") == 0;
            for (std::size_t i = at; i <= end; ++i)
                if (sql[i] != '\n') sql[i] = kPlaceholder;
            if (slice) {
                sql[at] = '(';
                sql[end] = ')';
            }
            at = end;
        }
    }
    return sql;
}

bool is_placeholder(std::string_view word) {
    return !word.empty() && word.find_first_not_of(kPlaceholder) == std::string_view::npos;
}

class FetchLint {
  public:
    explicit FetchLint(const source::StreamDeclaration& stream)
        : stream_(stream),
          sql_(without_placeholders(stream.fetch_sql)),
          tokens_(sql_tokens(sql_)) {}

    std::vector<FetchRemark> run() {
        if (tokens_.empty()) return std::move(remarks_);
        const std::string first = to_lower(tokens_.front().text);
        if (first != "select" && first != "with") {
            remark(
                tokens_.front().offset, "begins with '" + first + "'",
                "write one select; a fetch only reads"
            );
            return std::move(remarks_);
        }
        look_at_clauses();
        look_at_columns();
        return std::move(remarks_);
    }

  private:
    void remark(std::size_t offset, std::string what, std::string remedy) {
        remarks_.push_back({line_of(sql_, offset), {}, std::move(what), std::move(remedy)});
    }

    std::string word(std::size_t index) const {
        if (index >= tokens_.size() || tokens_[index].kind != SqlToken::Kind::word) return {};
        return to_lower(tokens_[index].text);
    }
    bool is_sign(std::size_t index, std::string_view sign) const {
        return index < tokens_.size() && tokens_[index].kind == SqlToken::Kind::sign &&
               tokens_[index].text == sign;
    }
    // A table or column that is merely called so.
    bool is_name(std::size_t index) const {
        return is_sign(index - 1, ".") || is_sign(index + 1, ".") || word(index - 1) == "as" ||
               word(index - 1) == "from" || word(index - 1) == "join";
    }

    void look_at_clauses() {
        bool in_where = false, slice_seen = false;
        const auto forbid = [&](std::size_t index, const std::string& clause,
                                const std::string& why, const std::string& remedy) {
            remark(tokens_[index].offset, "`" + clause + "` of its own: " + why, remedy);
        };
        const std::string appended =
            "the engine puts the order and the row limit of a walk through the keys behind the "
            "text";
        const std::string take_out =
            "take it out; which rows are read is said by {slice}, how many by the engine";
        for (std::size_t i = 0; i < tokens_.size(); ++i) {
            if (is_placeholder(tokens_[i].text) && tokens_[i].depth == 1 && i > 0 &&
                is_sign(i - 1, "("))
                slice_seen = slice_seen || in_where;
            if (tokens_[i].depth != 0) continue;
            if (is_sign(i, ";") && i + 1 < tokens_.size())
                remark(
                    tokens_[i].offset, "a second statement", "write one select; a fetch only reads"
                );
            const std::string here = word(i);
            if (here.empty() || (i > 0 && is_name(i))) continue;
            const std::string next = word(i + 1);
            if (here == "where") in_where = true;
            if (here == "order" && next == "by")
                forbid(i, "order by", appended, take_out);
            else if (here == "union" || here == "except" || here == "intersect")
                forbid(
                    i, here, "{slice} and the row limit would reach one half only",
                    "put the whole into a derived table: select U.ID, … from (… " + here +
                        " …) U where {slice}"
                );
            else if (here == "select" && (next == "first" || next == "skip") && !is_sign(i + 2, ",") && word(i + 2) != "from")
                forbid(i + 1, next, appended, take_out);
            else if (in_where && (here == "rows" || here == "limit" || here == "offset" || here == "fetch"))
                forbid(i, here, appended, take_out);
            else if ((here == "for" && next == "update") || (here == "with" && next == "lock"))
                forbid(
                    i, here + " " + next, "a fetch never locks what the MIS writes", "take it out"
                );
            else if (here == "or" && in_where)
                remark(
                    tokens_[i].offset,
                    "an `or` beside {slice}: rows outside the slice would be read",
                    "put it in brackets: where {slice} and (A or B)"
                );
        }
        const bool has_slice = stream_.fetch_sql.find("{slice}") != std::string::npos;
        if (has_slice && !slice_seen)
            remark(
                stream_.fetch_sql.find("{slice}"),
                "{slice} stands inside brackets or outside the outermost where clause",
                "write it as a condition of its own there: where {slice} and …"
            );
    }

    void look_at_columns() {
        const auto items = select_list(tokens_);
        if (!items) return;
        std::map<std::string, std::size_t> given;
        bool all_named = true;
        for (const SelectItem& item : *items) {
            if (item.name == "*") {
                remark(
                    item.offset, "`*`: which columns come is not said",
                    "name each column; `columns:` of connector.yaml types them"
                );
                return;
            }
            if (item.name.empty() || is_placeholder(item.name)) {
                all_named = false;
                remark(
                    item.offset, "a column without a name",
                    "write `as NAME` behind it, and declare that name in `columns:`"
                );
                continue;
            }
            if (!given.emplace(item.name, item.offset).second)
                remark(
                    item.offset, "column " + item.name + " is selected twice",
                    "take one out, or give it another name with `as`"
                );
        }
        std::set<std::string> declared;
        for (const auto& column : stream_.columns) declared.insert(column.name);
        for (const auto& [name, offset] : given)
            if (!declared.contains(name))
                remark(
                    offset, "column " + name + " is selected, and not declared",
                    "declare it in `columns:` of stream " + stream_.name + ", or take it out"
                );
        for (const std::string& name : declared)
            if (all_named && !given.contains(name))
                remarks_.push_back(
                    {0, "columns/" + name,
                     "stream " + stream_.name + ": column " + name +
                         " is declared, and not selected",
                     "select it in " + stream_.fetch_file.filename().string() +
                         " under that name, or take it out"}
                );
    }

    const source::StreamDeclaration& stream_;
    const std::string sql_;
    const std::vector<SqlToken> tokens_;
    std::vector<FetchRemark> remarks_;
};

}  // namespace

std::vector<FetchRemark> lint_fetch(const source::StreamDeclaration& stream) {
    return FetchLint(stream).run();
}

}  // namespace mis::record
