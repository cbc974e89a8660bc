#include "gateway/overlay_start.hpp"

#include <algorithm>

#include "base/json.hpp"
#include "base/text.hpp"

namespace mis::gateway {
namespace {

// A name of the base behind a comment sign may not end the comment.
std::string one_line(std::string text) {
    for (char& c : text)
        if (static_cast<unsigned char>(c) < 0x20) c = ' ';
    return text;
}

bool is_among(const std::vector<std::string>& tables, const std::string& name) {
    return tables.empty() || std::any_of(tables.begin(), tables.end(), [&](const auto& table) {
               return to_lower(table) == to_lower(name);
           });
}

std::string yaml_text(const std::string& text) { return Json(text).dump(); }

std::string site_lines(const source::Connector& connector, const std::vector<Answer>& answers) {
    std::string text;
    for (const auto& [question, found] : answers) {
        if (question.site.empty()) continue;
        text += "\n  # " + question.name + ": " + one_line(question.about) + "\n";
        for (const std::string& key : question.site) {
            if (connector.overlay.site.contains(key))
                text += "  # " + key + " was " + yaml_text(connector.overlay.site.at(key)) + "\n";
            const auto tables = source::site_tables(connector, key);
            bool any = false;
            for (const auto& one : found) {
                if (one.candidate.column == nullptr || !is_among(tables, one.candidate.table->name))
                    continue;
                any = true;
                text += "  # " + key + ": " + yaml_text(one.candidate.column->name) + "   # " +
                        one_line(one.candidate.table->name + ": " + candidate_text(one)) + "\n";
            }
            if (!any)
                text += "  # " + key + ": \"\"   # " +
                        (found.empty() ? "nothing looks like it" : "see what `discover` shows") +
                        "\n";
        }
    }
    return text;
}

// What the configuration takes, not the overlay.
std::string setting_lines(const std::vector<Answer>& answers) {
    std::string text;
    for (const auto& [question, found] : answers) {
        if (question.setting.empty()) continue;
        if (text.empty())
            text = "\n# For the source in the configuration (not in this file), " +
                   question.setting + ":\n";
        if (found.empty()) text += "#   " + question.name + ": \"\"   # nothing looks like it\n";
        for (const auto& one : found)
            if (one.candidate.column != nullptr)
                text += "#   " + question.name + ": " + yaml_text(one.candidate.column->name) +
                        "   # " + one_line(one.candidate.table->name + ": " + candidate_text(one)) +
                        "\n";
    }
    return text;
}

std::string draft(
    const source::StreamDeclaration& stream, const source::Question& question,
    const std::vector<FoundCandidate>& found
) {
    std::string text =
        "-- fill me in: " + one_line(question.about) + "\n-- Write which rows the stream " +
        stream.name +
        " reads here, move this file beside overlay.yaml, and say there under `streams:` what is\n"
        "-- another than the connector's: key, stamps, window, columns, requires_table. Map and "
        "cases likewise, then\n-- mis-gateway connector test CONNECTOR --overlay FOLDER.\n";
    text += found.empty() ? "-- No table looks like it.\n"
                          : "-- Tables that look like it, with the shapes of some values:\n";
    for (const auto& one : found) {
        text += "--   " + one_line(one.candidate.table->name) + ": " +
                (one.unread.empty() ? rows_text(one.sample.rows) : one_line(one.unread)) + "\n";
        for (const auto& column : one.candidate.table->columns) {
            const auto shapes = one.sample.shapes.find(column.name);
            text += "--     " + one_line(column.name + " " + column.type);
            if (shapes != one.sample.shapes.end() && !shapes->second.empty())
                text += "  " + shapes_text(shapes->second);
            text += "\n";
        }
    }
    text += "-- The connector's own:\n" + stream.fetch_sql;
    return text;
}

}  // namespace

std::string rows_text(std::int64_t rows) {
    const bool more = rows >= source::kSampleCountMax;
    return std::to_string(rows) + (rows == 1 ? " row" : " rows") + (more ? " or more" : "");
}

std::string shapes_text(const std::vector<std::string>& shapes) {
    std::string text;
    for (const std::string& shape : shapes) {
        const bool plain = !shape.empty() && shape.find(' ') == std::string::npos;
        text += (text.empty() ? "" : " ") + (plain ? shape : "'" + shape + "'");
    }
    return text;
}

std::string candidate_text(const FoundCandidate& found) {
    const source::Candidate& candidate = found.candidate;
    std::string text;
    if (candidate.column != nullptr) {
        text = candidate.column->type;
        if (candidate.in_key) text += ", key";
        if (candidate.indexed) text += ", indexed";
        text += "; ";
    }
    text += found.unread.empty() ? rows_text(found.sample.rows) : found.unread;
    if (candidate.column == nullptr) return text;
    const auto shapes = found.sample.shapes.find(candidate.column->name);
    if (shapes != found.sample.shapes.end() && !shapes->second.empty())
        text += "; " + shapes_text(shapes->second);
    else if (found.unread.empty() && found.sample.rows > 0)
        text += "; empty, as far as looked at";
    return text;
}

std::map<std::filesystem::path, std::string> overlay_start(
    const source::Connector& connector, const std::vector<Answer>& answers
) {
    std::map<std::filesystem::path, std::string> files;
    std::string& yaml = files["overlay.yaml"];
    yaml = "# This site's overlay over the connector " + connector.name +
           ": what is in this folder wins over it. Every key is explained in\n"
           "# connectors/README.md, \"A site's overlay\". Take the # from before what is right, "
           "compare with the MIS's own screens, then\n"
           "#   mis-gateway connector test " +
           connector.name +
           " --overlay FOLDER\n"
           "# and name the folder in the configuration: sources[].overlay.\n"
           "connector: " +
           connector.name + "\n\nsite:" + site_lines(connector, answers) +
           "\n# The version of each of the connector's files that one of this folder replaces: "
           "FILE: sha256 (the test names it)\nshipped: {}\n\n"
           "# What differs of the connector's declarations: STREAM: {key: …, columns: {…}}\n"
           "streams: {}\n" +
           setting_lines(answers);
    files["codes.csv"] = "list,mis_code,canonical,comment\n";
    for (const auto& [question, found] : answers) {
        if (question.of != source::Question::Of::tables) continue;
        for (const std::string& name : question.streams)
            for (const auto& stream : connector.streams)
                if (stream.name == name)
                    files[std::filesystem::path("draft") / (name + ".fetch.sql")] =
                        draft(stream, question, found);
    }
    return files;
}

}  // namespace mis::gateway
