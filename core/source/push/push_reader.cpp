#include "source/push/push_reader.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "source/push/listener.hpp"
#include "source/sql_words.hpp"

namespace mis::source::push {
namespace {

const std::string& place_of(const StreamDeclaration& stream) {
    return stream.pushed->is_snapshot() ? stream.pushed->route : stream.pushed->from;
}

tl::unexpected<Error> nobody_called() {
    return fail(
        ErrorKind::unavailable,
        "nothing was sent yet: start the gateway, and let the system call it"
    );
}

std::string routes_text(const PushDeclaration& push) {
    std::string text;
    for (const Route& route : push.routes)
        text += fmt::format("{}{} /{}", text.empty() ? "" : ", ", route.method, route.path);
    return text;
}

}  // namespace

PushReader::PushReader(
    const Connector& connector, config::PushConfig config, std::string secret, const Clock& clock,
    SourceOptions options
)
    : connector_(connector),
      config_(std::move(config)),
      secret_(std::move(secret)),
      clock_(clock),
      options_(std::move(options)) {}

Capabilities PushReader::capabilities(const StreamDeclaration& stream) const {
    if (stream.pushed->is_snapshot()) return {Capabilities::Rows::at_once, true, false};
    return {Capabilities::Rows::by_period, true, false};
}

bool PushReader::has_changes() const {
    return std::any_of(
        connector_.streams.begin(), connector_.streams.end(),
        [](const auto& stream) { return !stream.pushed->is_snapshot(); }
    );
}

std::optional<Journal> PushReader::journal() const {
    return Journal::open_for_reading(options_.intake_file);
}

Result<void> PushReader::read(const StreamDeclaration& stream, const Wanted&, const Put& put) {
    http::CellRows rows(stream, options_.zone, put);
    const http::TakeCells take = [&](http::Cells&& cells) { return rows.add(std::move(cells)); };
    try {
        auto kept = journal();
        if (!kept) return nobody_called();
        const std::int64_t state = kept->state_of(place_of(stream));
        read_.erase(stream.name);
        auto done = stream.pushed->is_snapshot() ? read_snapshot(*kept, stream, take)
                                                 : read_changes(*kept, stream, take);
        if (done) done = rows.flush();
        if (!done) return done;
        // what came meanwhile is seen by the next pass
        read_[stream.name] = state;
        return {};
    } catch (const sqlite::StoreError& error) {
        return fail(ErrorKind::unavailable, fmt::format("what was sent: {}", error.what()));
    }
}

Result<void> PushReader::read_snapshot(
    Journal& journal, const StreamDeclaration& stream, const http::TakeCells& take
) {
    const auto snapshot = journal.snapshot(stream.pushed->route);
    if (!snapshot)
        return fail(
            ErrorKind::unavailable,
            fmt::format(
                "{} was not sent yet: let the system send it to this gateway", stream.pushed->route
            )
        );
    auto rows = read_rows(*stream.pushed, snapshot->body, take);
    if (!rows) return fail(rows.error().within(stream.pushed->route));
    return {};
}

Result<void> PushReader::read_changes(
    Journal& journal, const StreamDeclaration& stream, const http::TakeCells& take
) {
    Result<void> done;
    journal.each_change(stream.pushed->from, [&](const std::string& key, const Said& said) {
        http::Cells cells;
        for (const ColumnDeclaration& column : stream.columns) {
            const auto found = said.find(column.name);
            if (column.name == stream.key_column)
                cells.emplace_back(key);
            else
                cells.push_back(found == said.end() ? std::nullopt : found->second);
        }
        done = take(std::move(cells));
        return done.has_value();
    });
    return done;
}

bool PushReader::stands_as_read(const StreamDeclaration& stream) {
    const auto read = read_.find(stream.name);
    if (read == read_.end()) return false;
    try {
        auto kept = journal();
        return kept && kept->state_of(place_of(stream)) == read->second;
    } catch (const sqlite::StoreError&) {
        return false;
    }
}

// Snapshots say everything anew. Changes are told once: a journal that was lost has them no more,
// and what it lacks must not pass for gone.
Result<std::string> PushReader::fingerprint() {
    if (!has_changes()) return fmt::format("messages to {}", connector_.name);
    try {
        auto kept = journal();
        if (!kept) return nobody_called();
        return fmt::format("messages to {}, journal {}", connector_.name, kept->id());
    } catch (const sqlite::StoreError& error) {
        return fail(ErrorKind::unavailable, fmt::format("what was sent: {}", error.what()));
    }
}

Result<std::vector<TableDescription>> PushReader::discover() {
    std::vector<TableDescription> streams;  // there is no catalog: what is declared of its messages
    for (const StreamDeclaration& stream : connector_.streams) {
        TableDescription table;
        table.name = stream.name;
        for (const ColumnDeclaration& column : stream.columns)
            table.columns.push_back({column.name, "as declared", false});
        table.key = {stream.key_column};
        streams.push_back(std::move(table));
    }
    return streams;
}

Result<void> PushReader::probe(ProbeReport& report) {
    const bool tls = !config_.certificate_file.empty();
    report.server = fmt::format(
        "listens on {}://{}:{}: {}; key in header {}", tls ? "https" : "http", config_.address,
        config_.port, routes_text(*connector_.push), connector_.push->auth_header
    );
    if (!tls && config_.plain_http)
        report.setting_remarks.push_back(
            {"plain_http",
             "what is sent, and the key, come over the network in the clear: give the listener a "
             "certificate, or keep the way to it inside the clinic's own walls",
             false}
        );
    if (tls) {
        try {
            config::PushConfig trial = config_;
            trial.port = 0;
            trial.address = "127.0.0.1";
            const net::HttpServer server(
                server_options(trial), [](net::ServerRequest, net::Responder) {}
            );
        } catch (const std::exception& error) {
            report.setting_remarks.push_back(
                {"certificate_file",
                 fmt::format(
                     "{}: give a PEM file with the certificate and its chain, and key_file its key",
                     error.what()
                 ),
                 true}
            );
        }
    }
    if (secret_.size() < 16)
        report.setting_remarks.push_back(
            {"secret_file",
             "the key has fewer than 16 letters, and whoever guesses it can write into the "
             "clinic's "
             "records: `openssl rand -hex 24` makes a good one",
             false}
        );
    const auto hinted = [&](const Route& route) { return config_.hints.contains(route.name); };
    for (const Route& route : connector_.push->routes)
        if (route.means == Route::Means::hint && !hinted(route))
            report.setting_remarks.push_back(
                {"hints",
                 fmt::format(
                     "{} is a hint to read another source, and none is named: hints: {{{}: "
                     "SOURCE}}",
                     route.name, route.name
                 ),
                 false}
            );
    return {};
}

Result<std::string> PushReader::request_text(const StreamDeclaration& stream, const Wanted&) {
    if (!stream.pushed->is_snapshot())
        return fmt::format("what changes of {} were sent", stream.name);
    std::string when = "none yet";
    try {
        if (auto kept = journal())
            if (const auto snapshot = kept->snapshot(stream.pushed->route))
                when = (options_.zone ? options_.zone->at(snapshot->received_us)
                                      : Timestamp{snapshot->received_us, 0})
                           .to_string();
    } catch (const sqlite::StoreError& error) {
        when = error.what();
    }
    return fmt::format("the last {} that was sent: {}", stream.pushed->route, when);
}

}  // namespace mis::source::push
