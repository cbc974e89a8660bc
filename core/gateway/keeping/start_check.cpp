#include "gateway/keeping/start_check.hpp"

#include <algorithm>
#include <system_error>

#include "gateway/keeping/sent_check.hpp"
#include "gateway/keeping/sent_mark.hpp"
#include "outbox/delivery.hpp"

namespace mis::gateway {

std::vector<std::string> reasons_not_to_start(
    ClinicStore& store, const std::vector<ConfiguredSink>& sinks
) {
    std::vector<std::string> reasons;
    for (const auto& sink : sinks) {
        if (sink.folder.empty()) continue;
        try {
            if (const auto checked = check_not_behind_files(store, sink.folder); !checked)
                reasons.push_back("sink " + sink.name + ": " + checked.error().text);
        } catch (const std::system_error& error) {
            reasons.push_back(
                "sink " + sink.name + ": its files cannot be looked at: " + error.what() +
                ": let the service's user read and write " + sink.folder.string()
            );
        }
    }
    if (const auto checked = SentMark(store).check(); !checked)
        reasons.push_back(checked.error().text);
    return reasons;
}

std::vector<std::string> removed_sinks_with_events(
    ClinicStore& store, const std::vector<ConfiguredSink>& sinks
) {
    std::vector<std::string> reasons;
    sqlite::Transaction transaction(store.database());  // never committed
    for (const auto& name : outbox::registered_sinks(store.database())) {
        const bool configured = std::any_of(sinks.begin(), sinks.end(), [&](const auto& sink) {
            return sink.name == name;
        });
        if (configured) continue;
        const auto pending = outbox::Delivery::discard_sink(transaction, name);
        if (pending > 0)
            reasons.push_back(
                "sink " + name + " is no longer configured but has not had " +
                std::to_string(pending) +
                " events: put it back, or start once with `run --discard` to forget them"
            );
    }
    return reasons;
}

}  // namespace mis::gateway
