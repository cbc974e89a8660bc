#include "source/push/body.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/crypto.hpp"
#include "base/text.hpp"
#include "source/http/answer.hpp"
#include "source/sql_words.hpp"
#include "source/staged/declared_cell.hpp"

namespace mis::source::push {
namespace {

constexpr std::size_t kQueryValuesMax = 64;
constexpr std::size_t kIdBytesMax = 400;

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

std::string decoded(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 &&
            hex_digit(text[i + 2]) >= 0) {
            out += static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
            i += 2;
        } else {
            out += text[i] == '+' ? ' ' : text[i];
        }
    }
    return out;
}

http::NextBytes whole(std::string_view body) {
    return [left = body]() mutable -> Result<std::string_view> { return std::exchange(left, {}); };
}

// A body that is one row.
Result<void> read_single(
    http::Format format, const http::RowsPlace& place, std::string_view body,
    const std::function<Result<void>(const std::vector<const http::Node*>&)>& take
) {
    http::AnswerPlan plan;
    plan.format = format;
    plan.rows = place;
    plan.single = true;
    std::size_t rows = 0;
    const auto answer =
        http::read_answer(plan, whole(body), [&](const std::vector<const http::Node*>& row) {
            ++rows;
            return rows > 1 ? Result<void>(fail(ErrorKind::malformed, "more than one message"))
                            : take(row);
        });
    if (!answer) return fail(answer.error());
    if (rows == 0) return fail(ErrorKind::malformed, "the message has no content");
    return {};
}

Result<std::string> id_in(const std::vector<const http::Node*>& row, const http::NodePath& path) {
    const http::Node* node = http::find(row, path);
    const auto text = node == nullptr ? std::nullopt : http::text_of(*node);
    const std::string id(text ? trim(*text) : std::string_view());
    const bool scalar = node != nullptr && node->kind != http::Node::Kind::list &&
                        node->kind != http::Node::Kind::object;
    if (id.empty() || !scalar) return fail(ErrorKind::malformed, "it names no id");
    if (id.size() > kIdBytesMax || has_invisible(id))
        return fail(ErrorKind::malformed, "its id is none: too long, or with control characters");
    return id;
}

}  // namespace

RouteFound find_route(const PushDeclaration& push, std::string_view method, std::string_view path) {
    RouteFound found;
    if (path.starts_with('/')) path.remove_prefix(1);
    if (path.ends_with('/')) path.remove_suffix(1);
    for (const Route& route : push.routes) {
        if (route.path != path) continue;
        found.path_is_known = true;
        if (route.method == method) found.route = &route;
    }
    return found;
}

std::map<std::string, std::string> query_values(std::string_view query) {
    std::map<std::string, std::string> values;
    for (const auto part : split(query, '&')) {
        if (values.size() >= kQueryValuesMax) break;
        if (part.empty()) continue;
        const std::size_t equals = std::min(part.find('='), part.size());
        std::string name = to_lower(decoded(part.substr(0, equals)));
        values.emplace(std::move(name), decoded(part.substr(std::min(equals + 1, part.size()))));
    }
    return values;
}

Result<std::size_t> read_rows(
    const PushedRows& pushed, std::string_view body, const http::TakeCells& take
) {
    http::AnswerPlan plan;
    plan.format = pushed.rows.format;
    plan.rows = pushed.rows.rows;
    std::size_t rows = 0;
    const auto answer =
        http::read_answer(plan, whole(body), [&](const std::vector<const http::Node*>& row) {
            ++rows;
            return take(http::cells_of(pushed.rows, row, std::nullopt));
        });
    if (!answer) return fail(answer.error());
    if (!answer->has_rows)
        return fail(
            ErrorKind::malformed,
            fmt::format(
                "it has no list `{}`: read as empty, it would say that all is gone",
                fmt::join(plan.rows.list, plan.format == http::Format::xml ? "/" : ".")
            )
        );
    return rows;
}

Result<std::map<std::string, std::size_t>> count_rows(
    const std::vector<StreamDeclaration>& streams, const Route& route, std::string_view body
) {
    std::map<std::string, std::size_t> counts;
    for (const StreamDeclaration& stream : streams) {
        if (!stream.pushed || stream.pushed->route != route.name) continue;
        auto rows = read_rows(*stream.pushed, body, [](http::Cells&&) { return Result<void>(); });
        if (!rows) return fail(rows.error());
        counts[stream.name] = *rows;
    }
    return counts;
}

Result<Change> read_change(
    const Route& route, const StreamDeclaration& stream, std::string_view body,
    const std::optional<Zone>& zone
) {
    const http::Request& rows = stream.pushed->rows;
    Change change;
    auto done = read_single(
        rows.format, rows.rows, body,
        [&](const std::vector<const http::Node*>& row) -> Result<void> {
            if (route.id == Route::Id::given) {
                auto id = id_in(row, route.id_path);
                if (!id) return fail(id.error());
                change.id = *std::move(id);
            }
            http::Cells cells = http::cells_of(rows, row, std::nullopt);
            for (std::size_t i = 0; i < cells.size(); ++i) {
                const ColumnDeclaration& column = stream.columns[i];
                const bool named =
                    std::any_of(
                        rows.columns[i].parts.begin(), rows.columns[i].parts.end(),
                        [&](const auto& part) { return http::find(row, part) != nullptr; }
                    ) &&
                    column.name != stream.key_column;
                if (!named) continue;
                if (!cells[i] || trim(*cells[i]).empty()) {
                    change.said[column.name] = std::nullopt;
                    continue;
                }
                std::string text = as_local(column, *std::move(cells[i]), zone);
                const auto one_form = declared_text(column, text);
                if (!one_form && stream.window &&
                    column.name == declared_name(stream.window->column))
                    return fail(
                        ErrorKind::malformed, fmt::format("{} is no date and time", column.name)
                    );
                change.said[column.name] = one_form ? *one_form : std::string(trim(text));
            }
            return {};
        }
    );
    if (!done) return fail(done.error());
    for (const auto& [column, value] : route.set) change.said[column] = value;
    return change;
}

Result<std::string> read_id(const Route& route, http::Format format, std::string_view body) {
    std::string id;
    http::RowsPlace place;
    if (format == http::Format::xml) place.list = {route.id_path.steps.front().name};
    auto done = read_single(
        format, place, body,
        [&](const std::vector<const http::Node*>& row) -> Result<void> {
            http::NodePath path = route.id_path;
            if (format == http::Format::xml) path.steps.erase(path.steps.begin());
            auto found = id_in(row, path);
            if (!found) return fail(found.error());
            id = *std::move(found);
            return {};
        }
    );
    if (!done) return fail(done.error());
    return id;
}

std::string made_id(const std::string& stream, const Said& said) {
    const Digest digest = sha256(stream + "\n" + canonical_json(to_json(said)));
    return to_hex(std::span(digest).first(12));
}

Json to_json(const Said& said) {
    Json json = Json::object();
    for (const auto& [column, value] : said) json[column] = value ? Json(*value) : Json();
    return json;
}

Said said_of(const Json& json) {
    Said said;
    for (const auto& [column, value] : json.items())
        said[column] = value.is_string() ? std::optional(value.get<std::string>()) : std::nullopt;
    return said;
}

bool conflicts(const Conflict& conflict, const Said& mine, const Said& theirs) {
    const auto value = [](const Said& said, const std::string& column) {
        const auto found = said.find(column);
        return found == said.end() ? std::nullopt : found->second;
    };
    for (const auto& [column, wanted] : conflict.of)
        if (value(theirs, column).value_or("") != wanted) return false;
    for (const std::string& column : conflict.same) {
        const auto ours = value(mine, column);
        if (!ours || ours != value(theirs, column)) return false;
    }
    for (const std::string& column : conflict.other)
        if (value(mine, column) == value(theirs, column)) return false;
    if (conflict.overlap.empty()) return true;
    const auto begin = value(mine, conflict.overlap[0]), end = value(mine, conflict.overlap[1]);
    const auto their_begin = value(theirs, conflict.overlap[0]),
               their_end = value(theirs, conflict.overlap[1]);
    if (!begin || !their_begin) return false;
    if (begin == their_begin) return true;
    return *begin < their_end.value_or(*their_begin) && *their_begin < end.value_or(*begin);
}

std::string filled(std::string_view text, const Named& values) {
    const auto is_name = [](std::string_view name) {
        return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
            return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
        });
    };
    std::string out;
    while (!text.empty()) {
        const std::size_t close = text.find('}');
        if (text.front() != '{' || close == std::string_view::npos ||
            !is_name(text.substr(1, close - 1))) {
            out += text.front();
            text.remove_prefix(1);
            continue;
        }
        if (const auto value = values.find(text.substr(1, close - 1)); value != values.end())
            out += value->second;
        text.remove_prefix(close + 1);
    }
    return out;
}

Json filled_json(const Json& json, const Named& values) {
    if (json.is_string()) return Json(filled(json.get_ref<const std::string&>(), values));
    if (!json.is_structured()) return json;
    Json out = json;
    for (Json& part : out) part = filled_json(part, values);
    return out;
}

}  // namespace mis::source::push
