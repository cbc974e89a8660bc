// What a sink of free times is made of: its aggregator's declaration, the clinic's table, its
// token.
#include <algorithm>

#include "gateway/cli/session.hpp"
#include "platform/file.hpp"

namespace mis::gateway::cli {
namespace {

namespace fs = std::filesystem;

Result<sink::Aggregator> aggregator_of(
    const config::GatewayConfig& config, const config::SlotSinkConfig& sink
) {
    const std::string place = config.at(sink.pointer + "/slots/aggregator");
    const auto folder = platform::share_directory() / "config" / "aggregators";
    const bool is_path = sink.aggregator.find('/') != std::string::npos;
    const fs::path file =
        is_path ? fs::path(sink.aggregator) : folder / (sink.aggregator + ".yaml");
    std::error_code denied;
    if (!fs::is_regular_file(file, denied)) {
        if (is_path)
            return fail(
                ErrorKind::misconfigured, place + ": there is no file " + file.string() +
                                              ": name one of your own, or a "
                                              "shipped one by its name"
            );
        std::vector<std::string> known;
        for (const auto& entry : fs::directory_iterator(folder, denied))
            if (entry.path().extension() == ".yaml") known.push_back(entry.path().stem().string());
        std::sort(known.begin(), known.end());
        return fail(
            ErrorKind::misconfigured, place + ": no aggregator '" + sink.aggregator + "'" +
                                          known_names(sink.aggregator, known) +
                                          "; or give the path of a file of your own: ./" +
                                          sink.aggregator + ".yaml"
        );
    }
    return sink::load_aggregator(file);
}

Result<disclosure::SlotTable> table_of(
    const Session& session, const config::SlotSinkConfig& sink, const sink::Aggregator& aggregator
) {
    const std::string place = session.config.at(sink.pointer + "/slots/table_file");
    std::string text;
    try {
        text = platform::read_file(sink.table_file);
    } catch (const std::system_error& error) {
        return fail(
            ErrorKind::misconfigured, place + ": reading " + sink.table_file.string() + ": " +
                                          error.code().message() + ": `mis-gateway slots table " +
                                          sink.name + "` writes one to begin with"
        );
    }
    auto table = disclosure::parse_slot_table(text, sink.table_file.string());
    if (!table) return table;
    std::vector<std::string> known;
    for (const auto& source : session.config.sources) known.push_back(source.name);
    for (auto* rows : {&table->rows, &table->proposals, &table->declined})
        for (auto& row : *rows) {
            const auto wrong = [&](const std::string& what) {
                return fail(
                    ErrorKind::misconfigured,
                    sink.table_file.string() + ":" + std::to_string(row.line) + ": " + what
                );
            };
            if (std::find(known.begin(), known.end(), row.source) == known.end())
                return wrong("no source '" + row.source + "'" + known_names(row.source, known));
            row.source = session.identity_of(row.source);
            if (rows != &table->rows) continue;
            for (const auto& [name, text_of] :
                 {std::pair("branch_name", &row.branch_name),
                  std::pair("doctor_name", &row.doctor_name)})
                if (aggregator.names.contains(name) && text_of->empty())
                    return wrong(
                        "has no " + std::string(name) + ", which " + aggregator.title +
                        " wants: fill it in"
                    );
        }
    return table;
}

}  // namespace

Result<const config::SlotSinkConfig*> Session::find_slot_sink(const std::string& name) const {
    std::vector<std::string> known;
    for (const auto& sink : config.slot_sinks) {
        if (sink.name == name) return &sink;
        known.push_back(sink.name);
    }
    return fail(
        ErrorKind::misconfigured,
        config.file.string() + ": no sink of free times '" + name + "'" + known_names(name, known)
    );
}

Result<disclosure::SlotTable> Session::slot_table(const config::SlotSinkConfig& sink) const {
    const auto aggregator = aggregator_of(config, sink);
    if (!aggregator) return fail(aggregator.error());
    return table_of(*this, sink, *aggregator);
}

Result<SlotSetup> Session::slot_setup(const config::SlotSinkConfig& sink) const {
    auto aggregator = aggregator_of(config, sink);
    if (!aggregator) return fail(aggregator.error());
    for (const auto& name : aggregator->values)
        if (!sink.values.contains(name))
            return fail(
                ErrorKind::misconfigured, config.at(sink.pointer + "/slots/values") + ": has no " +
                                              name + ", which " + aggregator->title +
                                              " wants: write values: {" + name + ": …}"
            );
    auto table = table_of(*this, sink, *aggregator);
    if (!table) return fail(table.error());
    SlotSetup setup(config.clinic_zone);
    setup.name = sink.name;
    setup.table = std::move(*table);
    setup.days = sink.days > 0 ? sink.days : aggregator->days;
    setup.cell_minutes = sink.cell_minutes;
    setup.age_max = std::chrono::minutes(sink.age_minutes_max);
    setup.branch_zones = config.branch_zones;
    sink::SlotsOptions& options = setup.options;
    options.url = sink.url.empty() ? aggregator->url : sink.url;
    while (options.url.ends_with('/') && aggregator->path.starts_with('/')) options.url.pop_back();
    options.values = sink.values;
    const auto token = config::read_secret(sink.token);
    if (!token) return fail(token.error());
    for (const auto& [name, value] : aggregator->headers) {
        if (token->empty() && value.find("{token}") != std::string::npos)
            return fail(
                ErrorKind::misconfigured, config.at(sink.pointer + "/slots") +
                                              ": has no token_file: name a file with the "
                                              "token that " +
                                              aggregator->title + " gave"
            );
        options.headers.emplace_back(name, sink::slot_header(value, *token, sink.values));
    }
    options.every = std::chrono::minutes(
        sink.every_minutes > 0 ? sink.every_minutes : aggregator->every_minutes
    );
    options.tls = {sink.authority_file, sink.certificate_file, sink.key_file};
    options.proxy.url = sink.proxy;
    if (!sink.proxy_login.is_empty()) {
        const auto login = config::read_secret(sink.proxy_login);
        if (!login) return fail(login.error());
        options.proxy.login = *login;
    }
    options.connect_timeout = std::chrono::milliseconds(sink.connect_timeout_ms);
    options.answer_timeout = std::chrono::milliseconds(sink.answer_timeout_ms);
    options.backoff_first = std::chrono::milliseconds(sink.backoff_first_ms);
    options.backoff_longest = std::chrono::milliseconds(sink.backoff_longest_ms);
    options.aggregator = std::move(*aggregator);
    return setup;
}

}  // namespace mis::gateway::cli
