#include "source/fetch_variants.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "source/sql_words.hpp"

namespace mis::source {
namespace {

struct Thing {  // that a base may lack
    std::string table;
    std::string column;  // empty: the table itself

    bool is_table() const { return column.empty(); }
    std::string text() const { return is_table() ? table : table + "." + column; }
    friend auto operator<=>(const Thing&, const Thing&) = default;
};

Catalog without(Catalog catalog, const Thing& thing) {
    if (thing.is_table())
        catalog.tables.erase(thing.table);
    else
        catalog.tables[thing.table].erase(thing.column);
    return catalog;
}

// Of the fetch and of connector.yaml's names.
Result<std::vector<FetchPiece>> pieces_of(const StreamDeclaration& stream) {
    auto pieces = parse_fetch(stream.fetch_sql, stream.fetch_file.string());
    if (!pieces) return pieces;
    std::vector<std::string> names = stream.stamps;
    names.push_back(stream.key);
    if (stream.window) names.push_back(stream.window->column);
    for (const std::string& name : names) {
        auto more = parse_fetch(name, "connector.yaml");
        if (!more) return more;
        pieces->insert(pieces->end(), more->begin(), more->end());
    }
    return pieces;
}

struct Named {
    Catalog everything;           // all that the pieces name
    std::vector<Thing> optional;  // of it
};

Named named_in(
    const std::vector<FetchPiece>& pieces, const std::map<std::string, std::string>& site
) {
    Named named;
    std::set<Thing> optional;
    for (const FetchPiece& piece : pieces) {
        if (piece.kind == FetchPiece::Kind::column) {
            named.everything.tables[piece.table].insert(piece.column);
            optional.insert({piece.table, piece.column});
        } else if (piece.kind == FetchPiece::Kind::table) {
            named.everything.tables[piece.table];
            optional.insert({piece.table, ""});
        } else if (piece.kind == FetchPiece::Kind::site) {
            if (const auto value = site.find(piece.site_key);
                value != site.end() && !value->second.empty())
                named.everything.tables[piece.table].insert(catalog_name(value->second));
        }
    }
    // the optional tables last, so that taking a column out does not bring its table back
    named.optional.assign(optional.begin(), optional.end());
    std::stable_partition(named.optional.begin(), named.optional.end(), [](const Thing& thing) {
        return !thing.is_table();
    });
    return named;
}

struct Choice {
    std::string text;  // "TREAT.TOOTH absent"
    Catalog catalog;
};

std::vector<Choice> choices_of(const Named& named) {
    const auto& [everything, things] = named;
    std::vector<Choice> choices = {{"everything present", everything}};
    if (!things.empty()) {
        Catalog nothing = everything;
        for (const Thing& thing : things) nothing = without(nothing, thing);
        choices.push_back({"everything optional absent", nothing});
    }
    if (things.size() < 2) return choices;
    for (const Thing& alone : things) {
        choices.push_back({alone.text() + " absent", without(everything, alone)});
        Catalog one = everything;
        for (const Thing& thing : things) {
            const bool is_its_table = thing.table == alone.table && thing.is_table();
            if (thing != alone && !is_its_table) one = without(one, thing);
        }
        choices.push_back({"only " + alone.text() + " present", one});
    }
    return choices;
}

std::vector<SliceForm> forms_of(const StreamDeclaration& stream) {
    std::vector<SliceForm> forms = {
        {SliceForm::Kind::key_walk_start, 0, 0},
        {SliceForm::Kind::key_walk, 0, 0},
        {SliceForm::Kind::ids, 0, kIdCounts[0]}};
    if (stream.window) forms.push_back({SliceForm::Kind::window, 0, 0});
    for (std::size_t i = 0; i < stream.stamps.size(); ++i)
        forms.push_back({SliceForm::Kind::stamp, i, 0});
    return forms;
}

}  // namespace

Result<std::vector<FetchVariant>> all_fetch_variants(
    const StreamDeclaration& stream, const std::map<std::string, std::string>& site
) {
    const auto pieces = pieces_of(stream);
    if (!pieces) return fail(pieces.error());
    const std::vector<SliceForm> forms = forms_of(stream);
    std::vector<FetchVariant> variants;
    std::set<std::string> seen;
    for (const auto& [text, catalog] : choices_of(named_in(*pieces, site))) {
        for (const SliceForm& form : forms) {
            auto sql = render_fetch(stream, form, catalog, site);
            if (!sql) return fail(sql.error());
            if (!sql->empty() && seen.insert(*sql).second) variants.push_back({form, text, *sql});
        }
    }
    return variants;
}

}  // namespace mis::source
