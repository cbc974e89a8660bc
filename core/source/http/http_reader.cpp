#include "source/http/http_reader.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "base/timestamp.hpp"
#include "config/gateway_config.hpp"
#include "source/map_reader.hpp"
#include "source/staged/staged_source.hpp"

namespace mis::source::http {
namespace {

constexpr std::size_t kParentsMax = 500'000;  // of one period

Values site_values(const Connector& connector, const SourceOptions& options) {
    Values values;
    for (const auto& [name, value] : connector.site_defaults) values["site:" + name] = value;
    for (const auto& [name, value] : options.site) values["site:" + name] = value;
    return values;
}

std::int64_t floor_day(std::int64_t local_us) {
    return (local_us - (local_us < 0 ? kUsPerDay - 1 : 0)) / kUsPerDay * kUsPerDay;
}

std::optional<std::int64_t> local_us(std::string_view text) {
    const auto time = LocalTime::parse(text);
    if (!time) return std::nullopt;
    return std::int64_t{time->date.days} * kUsPerDay + time->us_of_day;
}

std::string written(std::int64_t at_us, Request::Dates form, const std::optional<Zone>& zone) {
    const std::int64_t day_us = floor_day(at_us);
    const Date date{static_cast<std::int32_t>(day_us / kUsPerDay)};
    const std::int64_t seconds = (at_us - day_us) / kUsPerSecond;
    const std::string clock =
        fmt::format("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    const std::string dotted =
        fmt::format("{:02}.{:02}.{:04}", date.day(), date.month(), date.year());
    switch (form) {
        case Request::Dates::iso:
            return date.to_string();
        case Request::Dates::iso_time:
            return date.to_string() + "T" + clock;
        case Request::Dates::dotted:
            return dotted;
        case Request::Dates::dotted_time:
            return dotted + " " + clock;
        case Request::Dates::unix_seconds:
            break;
    }
    const LocalTime local{date, at_us - day_us};
    const std::int64_t unix_us = zone ? zone->resolve(local).time.unix_us : at_us;
    return std::to_string(unix_us / kUsPerSecond);
}

bool has_time(Request::Dates form) {
    return form != Request::Dates::iso && form != Request::Dates::dotted;
}

std::size_t key_index(const StreamDeclaration& stream) {
    for (std::size_t i = 0; i < stream.columns.size(); ++i)
        if (stream.columns[i].name == stream.key_column) return i;
    return 0;
}

}  // namespace

HttpReader::HttpReader(
    const Connector& connector, HttpSettings settings, const Clock& clock, SourceOptions options
)
    : connector_(connector),
      settings_(settings),
      clock_(clock),
      options_(options),
      site_(site_values(connector, options)),
      caller_(std::move(settings), *connector.service, site_, clock, std::move(options)) {}

const StreamDeclaration* HttpReader::find(const std::string& stream) const {
    for (const StreamDeclaration& declared : connector_.streams)
        if (declared.name == stream) return &declared;
    return nullptr;
}

bool HttpReader::by_period(const StreamDeclaration& stream) const {
    if (stream.request->by_period()) return true;
    if (!stream.request->for_each || !stream.request->for_each->site.empty()) return false;
    const StreamDeclaration* parent = find(stream.request->for_each->stream);
    return parent != nullptr && parent->request->by_period();
}

Capabilities HttpReader::capabilities(const StreamDeclaration& stream) const {
    if (!by_period(stream)) return {Capabilities::Rows::at_once, true, false};
    const bool ids = stream.request->by_id.has_value();
    return {Capabilities::Rows::by_period, ids, false, !ids && stream.request->missing_is_gone};
}

Result<std::vector<HttpReader::Days>> HttpReader::periods(
    const StreamDeclaration& stream, const Wanted& wanted
) const {
    if (!by_period(stream)) return std::vector<Days>{Days{}};
    Days all;
    if (wanted.rows == Wanted::Rows::of_period) {
        const auto from = local_us(wanted.from), to = local_us(wanted.to);
        if (!from || !to) return fail(ErrorKind::malformed, "a period that cannot be read");
        all = {*from, *to};
    } else {
        const std::int64_t now_us = clock_.unix_us();
        const Timestamp now = options_.zone ? options_.zone->at(now_us) : Timestamp{now_us, 0};
        const std::int64_t today_us = std::int64_t{now.local_date().days} * kUsPerDay;
        const WindowDeclaration& window = *stream.window;
        all = {
            today_us - window.history_days * kUsPerDay,
            today_us + (window.future_days + 1) * kUsPerDay};
    }
    std::vector<Days> parts;
    if (stream.request->only_today) {
        if (all.from_us < all.to_us) parts.push_back(all);
        return parts;
    }
    const int days_max = stream.request->days_max;
    while (all.from_us < all.to_us) {
        Days part = all;
        if (days_max > 0)
            part.to_us = std::min(all.to_us, floor_day(all.from_us) + days_max * kUsPerDay);
        parts.push_back(part);
        all.from_us = part.to_us;
    }
    return parts;
}

Values HttpReader::values_of(const Request& request, const Days& days) const {
    Values values;
    if (!request.by_period()) return values;
    const bool time = has_time(request.dates);
    std::int64_t to_us = days.to_us;
    if (request.last_day_included)
        to_us -= kUsPerSecond;
    else if (!time)
        to_us = floor_day(to_us + kUsPerDay - 1);
    values["from"] = written(days.from_us, request.dates, options_.zone);
    values["to"] = written(to_us, request.dates, options_.zone);
    return values;
}

Result<void> HttpReader::read(
    const StreamDeclaration& stream, const Wanted& wanted, const Put& put
) {
    caller_.begin();
    if (wanted.rows != Wanted::Rows::of_keys) validators_.erase(stream.name);
    CellRows rows(stream, options_.zone, put);
    const TakeCells take = [&](Cells&& cells) { return rows.add(std::move(cells)); };
    auto done = wanted.rows == Wanted::Rows::of_keys ? read_ids(stream, wanted.ids, take)
                                                     : read_rows(stream, wanted, take);
    if (!done) return done;
    return rows.flush();
}

bool HttpReader::stands_as_read(const StreamDeclaration& stream) {
    const auto known = validators_.find(stream.name);
    if (known == validators_.end()) return false;
    caller_.begin();
    return caller_.stands(stream.request->text, {}, known->second);
}

Result<void> HttpReader::read_rows(
    const StreamDeclaration& stream, const Wanted& wanted, const TakeCells& take
) {
    const Request& request = *stream.request;
    for (const std::string& name : request.needs) {
        const auto value = site_.find("site:" + name);
        if (value == site_.end() || trim(value->second).empty())
            return fail(
                ErrorKind::misconfigured,
                fmt::format(
                    "site: {0} is not given: the connector's README says what it is (site: {{{0}: "
                    "\"…\"}})",
                    name
                )
            );
    }
    ListOf list{&request, key_index(stream), {}, nullptr, nullptr};
    if (see_rows_) list.see = &see_rows_;
    const auto parts = periods(stream, wanted);
    if (!parts) return fail(parts.error());
    if (!request.for_each) {
        Validators validators;
        if (request.conditional) list.validators = &validators;
        for (const Days& days : *parts)
            if (auto done = read_list(caller_, list, values_of(request, days), take); !done)
                return done;
        if (!validators.is_empty()) validators_[stream.name] = std::move(validators);
        return {};
    }
    const auto of = request.for_each->site.empty() ? parents(stream, *request.for_each, wanted)
                                                   : listed(request.for_each->site);
    if (!of) return fail(of.error());
    // the parents are those of the period: what has no period itself is asked once for each
    const auto times = request.by_period() ? *parts : std::vector<Days>{Days{}};
    for (const std::string& parent : *of) {
        list.each = parent;
        for (const Days& days : times) {
            Values values = values_of(request, days);
            values["each"] = parent;
            if (auto done = read_list(caller_, list, values, take); !done) return done;
        }
    }
    return {};
}

Result<std::set<std::string>> HttpReader::parents(
    const StreamDeclaration& stream, const Request::ForEach& each, const Wanted& wanted
) {
    const StreamDeclaration& parent = *find(each.stream);
    const auto column =
        std::find_if(parent.columns.begin(), parent.columns.end(), [&](const auto& declared) {
            return declared.name == each.column;
        });
    const auto index = static_cast<std::size_t>(column - parent.columns.begin());
    std::set<std::string> values;
    const auto see = std::exchange(see_rows_, nullptr);  // of the lines, not of their parents
    auto done = read_rows(parent, wanted, [&](Cells&& cells) -> Result<void> {
        if (cells[index] && !cells[index]->empty()) values.insert(*std::move(cells[index]));
        if (values.size() <= kParentsMax) return {};
        return fail(
            ErrorKind::misconfigured,
            fmt::format(
                "{} asks for each of more than {} {}: read it by a shorter period", stream.name,
                kParentsMax, parent.name
            )
        );
    });
    see_rows_ = see;
    if (!done) return fail(done.error());
    return values;
}

Result<std::set<std::string>> HttpReader::listed(const std::string& name) const {
    std::set<std::string> values;
    const auto given = site_.find("site:" + name);
    if (given != site_.end())
        for (const std::string_view part : split(given->second, ','))
            if (!trim(part).empty()) values.emplace(trim(part));
    if (!values.empty()) return values;
    return fail(
        ErrorKind::misconfigured,
        fmt::format("nothing is asked for: give a list, site: {{{}: \"1, 2\"}}", name)
    );
}

Result<void> HttpReader::read_ids(
    const StreamDeclaration& stream, const std::vector<std::string>& ids, const TakeCells& take
) {
    const Request& request = *stream.request;
    const Request::ById& by_id = *request.by_id;
    Question question;
    question.text = &by_id.text;
    question.plan.format = request.format;
    question.plan.rows = by_id.rows;
    question.plan.single = by_id.ids_max == 1;
    question.failures = &request.failures;
    question.gone = by_id.gone;
    const std::size_t key = key_index(stream);
    const std::set<std::string> wanted(ids.begin(), ids.end());
    for (std::size_t begin = 0; begin < ids.size();) {
        const std::size_t end =
            std::min(ids.size(), begin + static_cast<std::size_t>(by_id.ids_max));
        Values values;
        values["id"] = ids[begin];
        for (std::size_t i = begin; i < end; ++i) values["ids"] += (i == begin ? "" : ",") + ids[i];
        auto answer =
            caller_.ask(question, values, [&](const std::vector<const Node*>& row) -> Result<void> {
                Cells cells = cells_of(request, row, std::nullopt);
                if (!cells[key] || !wanted.contains(*cells[key]))
                    return fail(
                        ErrorKind::malformed,
                        "asked for single rows, the service gives one of another key: check "
                        "`by_id:` of the connector"
                    );
                return take(std::move(cells));
            });
        if (!answer) return fail(answer.error());
        begin = end;
    }
    return {};
}

// The address: another key for the same service is no other base.
Result<std::string> HttpReader::fingerprint() { return settings_.service.url; }

Result<std::map<std::string, std::string>> HttpReader::streams_off() {
    std::map<std::string, std::string> off;
    for (const StreamDeclaration& stream : connector_.streams) {
        if (!stream.optional) continue;
        const Request& request = *stream.request;
        std::vector<std::string> needed = request.needs;
        if (request.for_each && !request.for_each->site.empty())
            needed.push_back(request.for_each->site);
        for (const auto& piece : request.text.path.pieces)
            if (piece.is_placeholder && piece.text.starts_with("site:"))
                needed.push_back(piece.text.substr(5));
        for (const std::string& name : needed) {
            const auto value = site_.find("site:" + name);
            if (value == site_.end() || trim(value->second).empty())
                off[stream.name] = fmt::format(
                    "not configured: the connector's README says what `site: {{{}: …}}` means", name
                );
        }
    }
    return off;
}

Result<void> HttpReader::probe(ProbeReport& report) {
    report.server = caller_.host();
    report.login = settings_.service.user;
    if (settings_.service.plain_http)
        report.setting_remarks.push_back(
            {"plain_http",
             "what is read comes over the network in the clear: reach the service by https, or "
             "keep the way to it inside the clinic's own walls",
             false}
        );
    return {};
}

Result<std::string> HttpReader::request_text(
    const StreamDeclaration& stream, const Wanted& wanted
) {
    const Request& request = *stream.request;
    Values values;
    const RequestText* text = &request.text;
    if (wanted.rows == Wanted::Rows::of_keys && request.by_id) {
        text = &request.by_id->text;
        values["id"] = wanted.ids.empty() ? "…" : wanted.ids.front();
        values["ids"] = values["id"];
    } else {
        const auto parts = periods(stream, wanted);
        if (!parts) return fail(parts.error());
        if (!parts->empty()) values = values_of(request, parts->front());
        values["page"] = std::to_string(request.paging.first);
        values["offset"] = values["after"] = "0";
        values["cursor"] = "";
        values["limit"] = std::to_string(request.paging.size);
        values["each"] = "…";
    }
    return caller_.text(*text, values);
}

namespace {

// The site's own, in the form of a connector's.
Result<AuthDeclaration> auth_of(const std::map<std::string, std::string>& settings) {
    const auto document = config::parse_yaml(Json(settings).dump(), "http.auth");
    if (!document) return fail(document.error());
    std::optional<Error> problem;
    MapReader map(*document, "", problem);
    AuthDeclaration auth = read_auth(map);
    if (problem) return fail(*problem);
    return auth;
}

}  // namespace

Opener opener(const config::HttpConfig& service, const std::string& secret) {
    return [service, secret](
               const Connector& connector, const SourceOptions& options, const Clock& clock
           ) -> Result<std::unique_ptr<Source>> {
        if (!connector.service)
            return fail(
                ErrorKind::misconfigured,
                fmt::format(
                    "connector {} is of kind {}, which http: does not reach: name its base",
                    connector.name, connector.source_kind
                )
            );
        HttpSettings settings{service, secret, {}, {}};
        for (const auto& [place, into] :
             {std::pair(&service.refresh_token, &settings.refresh_token),
              std::pair(&service.proxy_login, &settings.proxy_login)}) {
            if (place->is_empty()) continue;
            auto text = config::read_secret(*place);
            if (!text) return fail(text.error());
            *into = *std::move(text);
        }
        Connector own = connector;
        if (!service.auth.empty()) {
            auto auth = auth_of(service.auth);
            if (!auth) return fail(auth.error());
            auto declared = std::make_shared<ServiceDeclaration>(*connector.service);
            declared->auth = *std::move(auth);
            own.service = std::move(declared);
        }
        auto reader = std::make_unique<HttpReader>(own, std::move(settings), clock, options);
        return std::make_unique<StagedSource>(std::move(own), std::move(reader), clock, options);
    };
}

}  // namespace mis::source::http
