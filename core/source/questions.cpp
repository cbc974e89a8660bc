#include "source/questions.hpp"

#include "base/text.hpp"
#include "source/connector.hpp"
#include "source/fetch_text.hpp"
#include "source/questions_reader.hpp"
#include "source/sql_words.hpp"

namespace mis::source {
namespace {

bool has_stream(const Connector& connector, const std::string& name) {
    return std::any_of(connector.streams.begin(), connector.streams.end(), [&](const auto& stream) {
        return stream.name == name;
    });
}

void read_recognition(MapReader map, Recognition& into) {
    map.only({"all", "any", "versions", "version", "address", "pages"});
    into.all = map.texts("all");
    into.any = map.texts("any");
    into.version_sql = map.text("version", "");
    into.address = map.texts("address");
    const Json pages = map.value("pages");
    for (std::size_t i = 0; pages.is_array() && i < pages.size(); ++i) {
        MapReader page = map.item("pages", i);
        page.only({"path", "holds"});
        into.pages.push_back({page.text("path", ""), page.texts("holds")});
        if (into.pages.back().holds.empty())
            page.refuse("holds", "is missing: texts by which the answer is known");
    }
    if (into.is_empty())
        map.refuse(
            "",
            "names nothing: add all: [TABLE, …] or any: [TABLE, …], of a service address: or "
            "pages:"
        );
    if (!map.has("versions")) return;
    MapReader versions = map.map("versions");
    for (const std::string& text : versions.keys()) {
        into.versions[text] = versions.required_text(text);
        if (split_names(into.versions[text], '.').size() != 2)
            versions.refuse(text, "has to name a column that only it has: TABLE.COLUMN");
    }
}

Question read_question(MapReader map, const std::string& name, const Connector& connector) {
    map.only({"about", "of", "words", "in", "beside", "site", "streams"});
    Question question;
    question.name = name;
    question.about = map.required_text("about");
    if (map.one_of("of", "columns", {"columns", "tables"}) == "tables")
        question.of = Question::Of::tables;
    question.words = map.texts("words");
    question.in = map.texts("in");
    question.beside = map.texts("beside");
    question.site = map.texts("site");
    question.streams = map.texts("streams");
    if (question.words.empty()) map.refuse("words", "is missing: parts of names, in lower case");
    for (const std::string& word : question.words)
        if (word.size() < 2 || to_lower(word) != word)
            map.refuse(
                "words",
                "has `" + word + "`: parts of names, in lower case, of two letters and more"
            );
    for (const std::string& key : question.site)
        if (!connector.site_defaults.contains(key))
            map.refuse("site", "has `" + key + "`, which `site:` of this connector has not");
    for (const std::string& stream : question.streams)
        if (!has_stream(connector, stream))
            map.refuse("streams", "has `" + stream + "`, which is no stream");
    // a column that the fetches take from some table is looked for there
    if (question.in.empty() && question.of == Question::Of::columns)
        for (const std::string& key : question.site)
            for (std::string& table : site_tables(connector, key))
                if (std::find(question.in.begin(), question.in.end(), table) == question.in.end())
                    question.in.push_back(std::move(table));
    return question;
}

Calibration read_calibration(MapReader map, const std::string& name, const Connector& connector) {
    map.only({"about", "stream", "raw", "field", "beside", "bits"});
    Calibration calibration;
    calibration.name = name;
    calibration.about = map.required_text("about");
    calibration.stream = map.required_text("stream");
    calibration.raw = map.required_text("raw");
    calibration.field = map.required_text("field");
    calibration.beside = map.texts("beside");
    calibration.bits = map.text("bits", "");
    const auto stream =
        std::find_if(connector.streams.begin(), connector.streams.end(), [&](const auto& one) {
            return one.name == calibration.stream;
        });
    if (stream == connector.streams.end()) {
        map.refuse("stream", "is no stream of this connector");
        return calibration;
    }
    std::vector<std::string> columns = calibration.beside;
    columns.push_back(calibration.raw);
    for (const std::string& column : columns)
        if (std::none_of(stream->columns.begin(), stream->columns.end(), [&](const auto& one) {
                return one.name == column;
            })) {
            if (stream->own.columns) {  // a site's overlay reads that stream its own way
                calibration.stream.clear();
                break;
            }
            map.refuse(
                column == calibration.raw ? "raw" : "beside",
                "names `" + column + "`, which `columns:` of stream " + stream->name + " lacks"
            );
        }
    if (!calibration.bits.empty() && !connector.site_defaults.contains(calibration.bits))
        map.refuse("bits", "names `" + calibration.bits + "`, which `site:` has not");
    return calibration;
}

}  // namespace

std::vector<std::string> site_tables(const Connector& connector, const std::string& key) {
    std::vector<std::string> tables;
    for (const StreamDeclaration* stream : asked_of(connector))
        for (const std::string& text : {stream->fetch_sql, stream->key}) {
            const auto pieces = parse_fetch(text, "");
            if (!pieces) continue;
            for (const FetchPiece& piece : *pieces)
                if (piece.kind == FetchPiece::Kind::site && piece.site_key == key &&
                    std::find(tables.begin(), tables.end(), piece.table) == tables.end())
                    tables.push_back(piece.table);
        }
    return tables;
}

void read_questions(MapReader& top, Connector& connector) {
    if (top.has("recognise")) read_recognition(top.map("recognise"), connector.recognition);
    if (top.has("unknown")) {
        MapReader questions = top.map("unknown");
        for (const std::string& name : questions.keys())
            connector.questions.push_back(read_question(questions.map(name), name, connector));
    }
    if (top.has("calibrate")) {
        MapReader calibrations = top.map("calibrate");
        for (const std::string& name : calibrations.keys()) {
            Calibration read = read_calibration(calibrations.map(name), name, connector);
            if (!read.stream.empty()) connector.calibrations.push_back(std::move(read));
        }
    }
}

}  // namespace mis::source
