#include <fmt/format.h>

#include "source/firebird/source.hpp"

namespace mis::source::firebird {

Result<std::unique_ptr<Source>> open(
    const Connector& connector, const FirebirdSettings& settings, const Clock& clock,
    SourceOptions options
) {
    if (connector.source_kind != "sql" || connector.dialect != "firebird")
        return fail(
            ErrorKind::misconfigured, fmt::format(
                                          "connector {}: kind {} of dialect {} cannot be read",
                                          connector.name, connector.source_kind, connector.dialect
                                      )
        );
    if (settings.database.empty())
        return fail(
            ErrorKind::misconfigured, "database: is missing: the path or alias of the base"
        );
    if (settings.dialect != 1 && settings.dialect != 3)
        return fail(ErrorKind::misconfigured, "dialect: has to be 1 or 3");
    for (const int percent : {settings.effort.polling_percent, settings.effort.backfill_percent})
        if (percent < 1 || percent > 100)
            return fail(ErrorKind::misconfigured, "duty_cycle_percent: has to be 1 to 100");
    if (settings.statement_seconds_max < 1 || settings.statement_seconds_max > kSnapshotSecondsMax)
        return fail(
            ErrorKind::misconfigured,
            fmt::format("statement_seconds_max: has to be 1 to {}", kSnapshotSecondsMax)
        );
    if (!settings.charset.empty())
        if (auto known = TextDecoder::of(settings.charset); !known)
            return fail(
                ErrorKind::misconfigured,
                fmt::format(
                    "charset: no set {} is known: write it as Firebird does, WIN1251, DOS866, "
                    "KOI8R, UTF8",
                    settings.charset
                )
            );
    auto api = Api::load(settings.client_library);
    if (!api) return fail(api.error());
    return std::make_unique<FirebirdSource>(
        connector, settings, clock, std::move(options), *std::move(api)
    );
}

Opener opener(FirebirdSettings settings) {
    return [settings = std::move(settings)](
               const Connector& connector, const SourceOptions& options, const Clock& clock
           ) { return open(connector, settings, clock, options); };
}

}  // namespace mis::source::firebird
