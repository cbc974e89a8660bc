// `slots`: what aggregators of free times would be sent, and the tables of who is which.
#include <algorithm>
#include <map>
#include <set>

#include "base/csv_line.hpp"
#include "change/stream_state.hpp"
#include "gateway/cli/check_slots.hpp"
#include "gateway/cli/print.hpp"
#include "gateway/cli/session.hpp"

namespace mis::gateway::cli {
namespace {

std::string configured_name(const Session& session, const std::string& identity) {
    for (const auto& source : session.config.sources)
        if (session.identity_of(source.name) == identity) return source.name;
    return identity;
}

// Why nothing would be sent, as far as the store tells; a running gateway knows when it last read.
std::vector<std::string> doubts(const Session& session, const SlotSetup& setup) {
    std::vector<std::string> texts;
    auto& database = session.store->database();
    for (const auto& name : setup.sources()) {
        SlotSource source = slot_source_in_store(database, name);
        for (const auto& [stream, why] : change::degraded_streams(database, name))
            source.streams.push_back({stream.empty() ? "(all)" : stream, why, 0, false});
        if (auto doubt = doubt_of(source, session.clock.unix_us(), setup.age_max);
            !doubt.why.empty())
            texts.push_back(std::move(doubt.why));
    }
    return texts;
}

struct Shown {  // one doctor of one branch
    std::size_t free = 0, days = 0;
    std::string first;
};

Shown shown(const disclosure::FreeSlots::Doctor& doctor) {
    Shown shown;
    for (const auto& day : doctor.days) {
        const std::size_t before = shown.free;
        for (const auto& cell : day.cells) {
            if (!cell.free) continue;
            if (shown.free++ == 0) shown.first = cell.starts_at.to_string();
        }
        if (shown.free > before) ++shown.days;
    }
    return shown;
}

void print_doctors(const Common& common, const disclosure::FreeSlots& slots) {
    Table table({"branch", "doctor", "name", "days", "free", "first"}, {3, 4});
    for (const auto& doctor : slots.doctors()) {
        const Shown what = shown(doctor);
        if (common.output == Output::json)
            print_json(
                {{"branch", doctor.branch},
                 {"doctor", doctor.id},
                 {"name", doctor.name},
                 {"days", what.days},
                 {"free", what.free},
                 {"first", what.first}}
            );
        else
            table.add(
                {doctor.branch, doctor.id, doctor.name, std::to_string(what.days),
                 std::to_string(what.free), what.first}
            );
    }
    if (common.output == Output::table) table.print();
}

int show(
    Session& session, const Common& common, const SlotsPreview& what,
    const config::SlotSinkConfig& sink, const SlotSetup& setup
) {
    const auto disclosed = slots_now(session, setup);
    const auto requests =
        sink::slot_requests(setup.options.aggregator, disclosed.leaving, setup.options.values);
    if (what.bodies)
        for (const auto& request : requests) print_line(request.body);
    else
        print_doctors(common, disclosed.leaving);
    const auto note = [&](const char* kind, const std::string& text) {
        if (common.output == Output::json)
            print_json({{kind, text}});
        else if (!what.bodies)
            print_line(text);
    };
    note(
        "summary", setup.options.aggregator.method + " " + setup.options.url +
                       setup.options.aggregator.path + ": " + std::to_string(requests.size()) +
                       " requests, " + std::to_string(disclosed.leaving.free_cells()) +
                       " free times, " + std::to_string(setup.days) + " days"
    );
    for (const auto& one : disclosed.unmapped)
        note(
            "unmapped",
            "not sent: doctor " + one.doctor +
                (one.branch.empty() ? std::string() : " in branch " + one.branch) + " of source " +
                configured_name(session, one.source) +
                (one.is_proposed ? ": his line is not confirmed" : ": he has no line in the table")
        );
    for (const auto& finding : slot_findings(session, sink, setup)) note("warning", finding.text);
    const auto why = doubts(session, setup);
    for (const auto& text : why) note("held", "nothing would be sent now: " + text);
    return requests.empty() || !why.empty() ? kFailed : kDone;
}

}  // namespace

int slots_preview(const Common& common, const SlotsPreview& what) {
    return with_session(common, ClinicStore::Opening::existing, [&](Session& session) {
        const auto sink = session.find_slot_sink(what.sink);
        if (!sink) return report_error(sink.error());
        const auto setup = session.slot_setup(**sink);
        if (!setup) return report_error(setup.error());
        return show(session, common, what, **sink, *setup);
    });
}

int slots_table(const Common& common, const std::string& name) {
    return with_session(common, ClinicStore::Opening::existing, [&](Session& session) {
        const auto found = session.find_slot_sink(name);
        if (!found) return report_error(found.error());
        const config::SlotSinkConfig& sink = **found;
        disclosure::SlotTable table;
        std::error_code denied;
        const bool has_table = std::filesystem::exists(sink.table_file, denied);
        if (has_table) {
            auto read = session.slot_table(sink);
            if (!read) return report_error(read.error());
            table = std::move(*read);
        }
        SlotSetup setup(session.config.clinic_zone);
        setup.branch_zones = session.config.branch_zones;
        setup.table = std::move(table);
        const auto disclosed = slots_now(session, setup);
        const SlotReader reader(session.store->database(), setup.clinic_zone, setup.branch_zones);
        const auto doctors = reader.names("practitioner"), branches = reader.names("branch");
        const auto name_of = [](const SlotReader::Names& names, const std::string& source,
                                const std::string& id) {
            const auto known = names.find({source, id});
            return known == names.end() ? std::string() : known->second;
        };
        if (!has_table && common.output == Output::table) print_line(disclosure::kSlotTableColumns);
        for (const auto& one : disclosed.unmapped) {
            if (one.is_proposed) continue;
            const std::string source = configured_name(session, one.source),
                              branch = name_of(branches, one.source, one.branch),
                              doctor = name_of(doctors, one.source, one.doctor);
            if (common.output == Output::json)
                print_json(
                    {{"source", source},
                     {"branch", one.branch},
                     {"doctor", one.doctor},
                     {"branch_name", branch},
                     {"doctor_name", doctor}}
                );
            else
                print_line(
                    csv_field(source) + "," + csv_field(one.branch) + "," + csv_field(one.doctor) +
                    ",,," + csv_field(branch) + "," + csv_field(doctor) + ",,,"
                );
        }
        return kDone;
    });
}

}  // namespace mis::gateway::cli
