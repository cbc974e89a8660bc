// The text of NAME.fetch.sql: SQL of the source's own dialect with placeholders, and no template
// language.
//
//   {slice}                             in the where clause, once: WHICH rows; the engine puts the
//   condition of the slice there and, for a key
//                                       walk, the order and the row limit behind the whole text. So
//                                       no `order by`, `rows`, `first` or `union` of its own at the
//                                       outermost level (a union goes into a derived table)
//   {column:T:TREAT.TOOTH|null}         T.TOOTH where table TREAT has a column TOOTH in the
//   catalog, else the literal behind the bar {column:TREAT.TOOTH|null}           the same without
//   alias: TREAT.TOOTH {site:tooth_column:D:ORDERDET|null} D.<value> of the site's `tooth_column`,
//   an identifier that must be a column of ORDERDET; the site's value
//                                       is empty: the literal. A value that the catalog lacks is
//                                       misconfigured, naming both
//   {table:LOSECREDIT|RDB$DATABASE}     the table's name where the catalog has it, else the
//   fallback
//
// `key`, `stamps` and the window's column in connector.yaml may hold {column:…} and {site:…} too. A
// stamp that renders to nothing
// ("{column:T:TREAT.MODIFYDATE|}" where the base lacks it) yields no rows: the stream's other rungs
// find the changes. `?` is ours alone.
//
// Pure: text and catalog in, text out. Parameters are `?`, in this order: from, to · after_id,
// limit · the ids.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "source/connector.hpp"
#include "source/row_reader.hpp"

namespace mis::source {

struct Catalog {  // names as the source's catalog has them, in upper case for Firebird
    std::map<std::string, std::set<std::string>> tables;  // table → columns

    bool has_table(std::string_view table) const;
    bool has_column(std::string_view table, std::string_view column) const;
};

struct FetchPiece {
    enum class Kind { text, slice, column, site, table };
    Kind kind = Kind::text;
    std::string text;      // of `text`
    std::string site_key;  // of `site`
    std::string alias, table, column;
    std::string literal;  // what stands where the catalog has it not
};

// malformed placeholders: misconfigured with FILE:LINE and the remedy.
Result<std::vector<FetchPiece>> parse_fetch(std::string_view sql, std::string_view file);

// What a prepared statement is for: one text per form, reused for every slice of that form.
struct SliceForm {
    enum class Kind {
        stamp,
        window,
        key_walk_start,
        key_walk,
        ids,
        all
    };  // all: no condition; for counts
    Kind kind = Kind::window;
    std::size_t stamp_index = 0;
    std::size_t id_count = 0;  // one of kIdCounts
    friend auto operator<=>(const SliceForm&, const SliceForm&) = default;
};

// Numbers of ids that statements are prepared for; a read pads its list to the next by repeating
// the last id.
inline constexpr std::size_t kIdCounts[] = {1, 8, 40, kIdsPerReadMax};

// misconfigured: the stream declares no such stamp or window, too many ids.
Result<SliceForm> form_of(const StreamDeclaration& stream, const Slice& slice);
std::string describe(const SliceForm& form);  // "stamp 1", "window", "key walk", "8 ids"
std::vector<std::string> parameters_of(const SliceForm& form, const Slice& slice);

// Empty text: this base has no such stamp, so there is nothing to read.
Result<std::string> render_fetch(
    const StreamDeclaration& stream, const SliceForm& form, const Catalog& catalog,
    const std::map<std::string, std::string>& site
);

// What the conformance harness prepares: every form that the stream declares, with all optional
// things present, all absent, and each one alone absent or present (placeholders are independent,
// so those are enough). Site columns are present where `site` names one. `choices` says what was
// assumed: "TREAT.TOOTH absent".
struct FetchVariant {
    SliceForm form;
    std::string choices;
    std::string sql;
};
Result<std::vector<FetchVariant>> all_fetch_variants(
    const StreamDeclaration& stream, const std::map<std::string, std::string>& site
);

// Words of the SQL that may name tables, upper case, in order of appearance; those the catalog
// knows are what the stream reads.
std::vector<std::string> identifiers_in(std::string_view sql);

// The same text with its outermost select list replaced ("max(T.MODIFYDATE)"); nullopt where there
// is none to be seen.
std::optional<std::string> with_select_list(std::string_view sql, std::string_view select_list);

}  // namespace mis::source
