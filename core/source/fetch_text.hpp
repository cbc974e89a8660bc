// The text of NAME.fetch.sql: SQL of the source's own dialect with placeholders, and no template
// language.
//
// {slice}: in the where clause, once: WHICH rows; the engine puts the condition of the slice there
// and, for a key walk, the order and the row limit behind the whole text. So no `order by`, `rows`,
// `first` or `union` of its own at the outermost level (a union goes into a derived table).
//
// {column:T:TREAT.TOOTH|null}: T.TOOTH where table TREAT has a column TOOTH in the catalog, else
// the literal behind the bar. {column:TREAT.TOOTH|null}: the same without alias, TREAT.TOOTH.
//
// {site:tooth_column:D:ORDERDET|null}: D.<value> of the site's `tooth_column`, an identifier that
// must be a column of ORDERDET; where the site's value is empty, the literal. A value that the
// catalog lacks is misconfigured, naming both.
//
// {table:LOSECREDIT|RDB$DATABASE}: the table's name where the catalog has it, else the fallback.
//
// {day:-7}: the day a week ago, by the server's clock and in its dialect, to compare a date or a
// time with: for rows that lie so far back that they are not worth reading at all.
//
// Names may stand in double quotes: {column:V:"visits"."den"|null}; without quotes they are read as
// SQL reads them, in upper case.
//
// `key`, `stamps` and the window's column in connector.yaml may hold {column:…} and {site:…} too. A
// stamp that renders to nothing ("{column:T:TREAT.MODIFYDATE|}" where the base lacks it) yields no
// rows: the stream's other rungs find the changes. `?` is ours alone (slice_form.hpp).
//
// Pure: text and catalog in, text out.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "source/connector.hpp"
#include "source/slice_form.hpp"
#include "source/sql_dialect.hpp"

namespace mis::source {

struct Catalog {
    // table → columns; names as the source's catalog has them (sql_words.hpp, catalog_name), in
    // upper case where the two cases are one (`names`)
    std::map<std::string, std::set<std::string, std::less<>>, std::less<>> tables;
    SqlDialect::Names names = SqlDialect::Names::upper;
    std::map<std::string, std::string, std::less<>> spelled;  // such a name → as the catalog has it

    void add(const std::string& table, const std::string& column);
    bool has_table(std::string_view table) const;
    bool has_column(std::string_view table, std::string_view column) const;
    std::string written(const std::string& name) const;  // as a statement must write it

  private:
    std::string folded(std::string_view name) const;
};

struct FetchPiece {
    enum class Kind { text, slice, column, site, table, day };
    Kind kind = Kind::text;
    std::string text;           // of `text`
    std::string site_key;       // of `site`
    std::string alias;          // as written
    std::string table, column;  // as the catalog has them
    std::string literal;        // what stands where the catalog has it not
    int days = 0;               // of `day`
};

// malformed placeholders: misconfigured with FILE:LINE and the remedy.
Result<std::vector<FetchPiece>> parse_fetch(std::string_view sql, std::string_view file);

// A key, stamp or window column of connector.yaml. Empty: this base has no such stamp.
Result<std::string> render_column(
    std::string_view column, const Catalog& catalog, const std::map<std::string, std::string>& site
);

// "TREAT.TOOTH" → "T.TOOTH" or the literal, as it is on this base, for people.
std::map<std::string, std::string> placeholders_of(
    const StreamDeclaration& stream, const Catalog& catalog,
    const std::map<std::string, std::string>& site
);

// Empty text: this base has no such stamp, so there is nothing to read. limit: rows of a key walk,
// where the dialect has no `?` for it.
Result<std::string> render_fetch(
    const StreamDeclaration& stream, const SliceForm& form, const Catalog& catalog,
    const std::map<std::string, std::string>& site, const SqlDialect& dialect = kFirebird,
    int limit = 0
);

}  // namespace mis::source
