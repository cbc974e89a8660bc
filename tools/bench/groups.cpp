// bench_groups: what a change costs where many records or many patients hang together: a patient of
// many lines, an account of many members, first-time callers on a stand-in card, visits that move
// from card to card.
//
// Each case is a store of its own. "one change" is one corrected line or one moved visit, captured
// and given its meaning; "derivation" is evaluate() alone on the facts of the group it belongs to,
// so that the ratio of the two says what joining, reading, writing and committing add.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <ctime>
#include <fstream>
#include <functional>
#include <random>

#include "domain_store/group_store.hpp"
#include "gateway/keeping/clinic_store.hpp"
#include "gateway/pipeline/meaning.hpp"
#include "outbox/outbox.hpp"
#include "platform/memory.hpp"
#include "record/mapper.hpp"
#include "support/temporary_folder.hpp"

using namespace mis;

namespace {

constexpr std::int64_t kNowUs = 1'775'000'000'000'000;
constexpr int kLinesOfMember = 20;

// VmHWM, VmRSS: kilobytes → MB.
double memory_mb(const std::string& field) {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);)
        if (line.starts_with(field + ":"))
            return static_cast<double>(std::stoll(line.substr(field.size() + 1))) / 1024.0;
    return 0;
}

void forget_peak() { std::ofstream("/proc/self/clear_refs") << "5"; }

Json money(std::int64_t rubles) { return Json{{"currency", "RUB"}, {"minor", rubles * 100}}; }

Json line(const std::string& patient, const std::string& id, std::int64_t rubles) {
    return Json{{"source_id", id},
                {"patient_source_id", patient},
                {"performed_at", "2026-03-02T10:00:00+03:00"},
                {"state", "done"},
                {"service_code", "A16.07.002"},
                {"quantity", "1"},
                {"teeth", {"36"}},
                {"total", money(rubles)}};
}

Json visit(const std::string& patient, int id) {
    return Json{
        {"source_id", std::to_string(id)},
        {"patient_source_id", patient},
        {"starts_at", "2026-04-02T10:00:00+03:00"},
        {"ends_at", "2026-04-02T10:30:00+03:00"},
        {"status", "booked"}};
}

class Clinic {
  public:
    Clinic()
        : store_(gateway::ClinicStore::open(
              folder_.path, "bench", gateway::ClinicStore::Opening::create
          )),
          meaning_(store_->database(), store_->identity(), store_->meta().epoch, {rules(), {}}) {
        meaning_.foresee_with([this] { return store_->reader(); });
        sqlite::Transaction transaction(store_->database());
        change::RecordStore::create_indexes(transaction);
        transaction.commit();
    }

    void capture(const std::string& kind, const std::vector<Json>& bodies) {
        std::vector<record::Record> records;
        for (const Json& body : bodies) {
            auto record = record::record_from_json(kind, canonical_json(body));
            if (!record) throw std::runtime_error(record.error().text);
            records.push_back(std::move(*record));
        }
        sqlite::Transaction transaction(store_->database());
        change::CaptureOptions options;
        options.mapping_version = "m1";
        options.now_us = ++now_us_;
        change::RecordStore(store_->database())
            .capture(
                transaction, {"mis", kind, kind}, std::span<const record::Record>(records), options
            );
        transaction.commit();
    }

    void work_off() { meaning_.work_off(++now_us_); }

    // Seconds that evaluate() takes for the group of this patient as it is stored.
    double derivation(const std::string& patient) {
        const domain_store::GroupStore groups(store_->database());
        const auto group = groups.group_of({domain_store::PartyKind::patient, "mis", patient});
        if (!group) return 0;
        const auto facts = meaning_.facts_of(*group, now_us_);
        const std::string text = groups.announced(*group);
        auto rules_now = meaning_.rules();
        rules_now.event_id_of = [&](std::string_view entity, std::string_view type,
                                    std::string_view content, std::uint64_t nth) {
            return store_->identity().event_id(1, entity, type, content, nth);
        };
        const auto began = std::chrono::steady_clock::now();
        const auto before = domain::Announced::from_text(text);
        if (!before) throw std::runtime_error(before.error().text);
        const auto outcome = domain::evaluate(facts, *before, rules_now, store_->identity());
        const auto after = outcome.after.to_text();
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    }

    std::int64_t events() { return outbox::last_position(store_->database()); }

  private:
    test::TemporaryFolder folder_;
    std::unique_ptr<gateway::ClinicStore> store_;
    gateway::Meaning meaning_;
    std::int64_t now_us_ = kNowUs;

    static domain::Rules rules() {
        domain::Rules rules(*Zone::find("Europe/Moscow"));
        rules.export_mode = domain::ExportMode::all;
        rules.export_ground = "invented data";
        return rules;
    }
};

double seconds(const std::function<void()>& work) {
    const auto began = std::chrono::steady_clock::now();
    work();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
}

void print(
    const char* name, int size, double first, double change, double derivation, std::int64_t events
) {
    fmt::print(
        "{{\"bench\":\"{}\",\"size\":{},\"first_ms\":{:.1f},\"change_ms\":{:.2f},"
        "\"derivation_ms\":{:.2f},\"ratio\":{:.2f},\"peak_mb\":{:.1f},\"events\":{}}}\n",
        name, size, first * 1e3, change * 1e3, derivation * 1e3,
        derivation > 0 ? change / derivation : 0.0, memory_mb("VmHWM"), events
    );
    std::fflush(stdout);
}

// The middle of five changes and their derivations.
double middle(std::vector<double> of) {
    std::sort(of.begin(), of.end());
    return of[of.size() / 2];
}

void patient(int lines) {
    Clinic clinic;
    forget_peak();
    std::vector<Json> bodies;
    for (int i = 0; i < lines; ++i) bodies.push_back(line("1", std::to_string(i), 1000));
    clinic.capture("procedure", bodies);
    bodies = {};
    const double first = seconds([&] { clinic.work_off(); });
    std::vector<double> changes, derivations;
    for (int i = 0; i < 5; ++i) {
        changes.push_back(seconds([&] {
            clinic.capture("procedure", {line("1", "0", 2000 + i)});
            clinic.work_off();
        }));
        derivations.push_back(clinic.derivation("1"));
    }
    print("patient", lines, first, middle(changes), middle(derivations), clinic.events());
}

void account(int members) {
    Clinic clinic;
    forget_peak();
    Json limit{
        {"source_id", "L"},
        {"patient_source_id", "1"},
        {"kind", "barter"},
        {"granted", money(100'000'000)},
        {"members", Json::array()}};
    std::vector<Json> bodies;
    for (int member = 1; member <= members; ++member) {
        if (member > 1) limit["members"].push_back(std::to_string(member));
        for (int i = 0; i < kLinesOfMember; ++i) {
            bodies.push_back(line(std::to_string(member), fmt::format("{}-{}", member, i), 1000));
            bodies.back()["limit_source_id"] = "L";
            bodies.back()["payer"] = "limit";
        }
    }
    clinic.capture("procedure", bodies);
    bodies = {};
    clinic.capture("limit", {limit});
    const double first = seconds([&] { clinic.work_off(); });
    std::vector<double> changes, derivations;
    for (int i = 0; i < 5; ++i) {
        Json changed = line("1", "1-0", 2000 + i);
        changed["limit_source_id"] = "L";
        changed["payer"] = "limit";
        changes.push_back(seconds([&] {
            clinic.capture("procedure", {changed});
            clinic.work_off();
        }));
        derivations.push_back(clinic.derivation("1"));
    }
    print("account", members, first, middle(changes), middle(derivations), clinic.events());
}

// Callers booked on one card; each visit then moves to the caller's own.
void stand_in(int callers) {
    Clinic clinic;
    forget_peak();
    std::vector<Json> bodies;
    for (int caller = 1; caller <= callers; ++caller) bodies.push_back(visit("card", caller));
    clinic.capture("appointment", bodies);
    const double first = seconds([&] { clinic.work_off(); });
    const double all = seconds([&] {
        for (int caller = 1; caller <= callers; ++caller) {
            clinic.capture("appointment", {visit("caller" + std::to_string(caller), caller)});
            clinic.work_off();
        }
    });
    std::vector<double> changes, derivations;
    for (int i = 0; i < 5; ++i) {
        changes.push_back(seconds([&] {
            Json later = visit("caller7", 7);
            later["ends_at"] = fmt::format("2026-04-02T10:3{}:00+03:00", i + 1);
            clinic.capture("appointment", {later});
            clinic.work_off();
        }));
        derivations.push_back(clinic.derivation("caller7"));
    }
    fmt::print("{{\"bench\":\"stand_in moving\",\"size\":{},\"seconds\":{:.2f}}}\n", callers, all);
    print("stand_in", callers, first, middle(changes), middle(derivations), clinic.events());
}

// The same, all of them in one pass.
void stand_in_at_once(int callers) {
    Clinic clinic;
    forget_peak();
    std::vector<Json> bodies;
    for (int caller = 1; caller <= callers; ++caller) bodies.push_back(visit("card", caller));
    clinic.capture("appointment", bodies);
    clinic.work_off();
    for (int caller = 1; caller <= callers; ++caller)
        bodies[static_cast<std::size_t>(caller) - 1] =
            visit("caller" + std::to_string(caller), caller);
    clinic.capture("appointment", bodies);
    bodies = {};
    const double all = seconds([&] { clinic.work_off(); });
    std::vector<double> changes, derivations;
    for (int i = 0; i < 5; ++i) {
        changes.push_back(seconds([&] {
            Json later = visit("caller7", 7);
            later["ends_at"] = fmt::format("2026-04-02T10:3{}:00+03:00", i + 1);
            clinic.capture("appointment", {later});
            clinic.work_off();
        }));
        derivations.push_back(clinic.derivation("caller7"));
    }
    print("stand_in at once", callers, all, middle(changes), middle(derivations), clinic.events());
}

// A visit of each card moves to the next one: a chain through all of them.
void moved(int visits) {
    Clinic clinic;
    forget_peak();
    std::vector<Json> bodies;
    for (int i = 1; i <= visits; ++i) bodies.push_back(visit(std::to_string(i), i));
    clinic.capture("appointment", bodies);
    const double first = seconds([&] { clinic.work_off(); });
    const double all = seconds([&] {
        for (int i = 1; i <= visits; ++i) {
            clinic.capture("appointment", {visit(std::to_string(i % visits + 1), i)});
            clinic.work_off();
        }
    });
    std::vector<double> changes, derivations;
    for (int i = 0; i < 5; ++i) {
        changes.push_back(seconds([&] {
            Json later = visit("8", 7);
            later["ends_at"] = fmt::format("2026-04-02T10:3{}:00+03:00", i + 1);
            clinic.capture("appointment", {later});
            clinic.work_off();
        }));
        derivations.push_back(clinic.derivation("8"));
    }
    fmt::print("{{\"bench\":\"moved moving\",\"size\":{},\"seconds\":{:.2f}}}\n", visits, all);
    print("moved", visits, first, middle(changes), middle(derivations), clinic.events());
}

}  // namespace

int main(int argc, char** argv) {
    platform::keep_memory_small();  // as the daemon does
    std::vector<int> patients{10, 100, 1'000, 10'000}, accounts{10, 100, 200, 1'000},
        stand_ins{300, 3'000}, at_once{300, 3'000}, chains{300};
    CLI::App app{
        "What a change costs where much hangs together; give a list as 0 to leave it out."};
    app.add_option("--patients", patients, "lines of one patient");
    app.add_option("--accounts", accounts, "members of one account, 20 lines each");
    app.add_option("--stand-ins", stand_ins, "callers on one card, moved one a pass");
    app.add_option("--at-once", at_once, "callers on one card, moved in one pass");
    app.add_option("--moved", chains, "cards whose visit moves to the next card");
    CLI11_PARSE(app, argc, argv);
    const auto each = [](const std::vector<int>& sizes, void (*run)(int)) {
        for (const int size : sizes)
            if (size > 0) run(size);
    };
    each(patients, patient);
    each(accounts, account);
    each(stand_ins, stand_in);
    each(at_once, stand_in_at_once);
    each(chains, moved);
}
