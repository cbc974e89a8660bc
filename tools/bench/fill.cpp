// bench_fill: a store whose outbox holds N invented events over K partition keys, and the same
// events as rendered bodies, one a line, for another sender.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <fstream>

#include "base/clock.hpp"
#include "disclosure/gate.hpp"
#include "gateway/keeping/clinic_store.hpp"
#include "outbox/delivery.hpp"
#include "outbox/outbox.hpp"

using namespace mis;

namespace {

std::string id_of(std::int64_t number) { return fmt::format("{:032x}", number); }

domain::Event performed(std::int64_t patient, std::int64_t procedure) {
    domain::Event event;
    event.type = "procedure.performed";
    event.entity_id = id_of(procedure);
    event.data = Json{
        {"patient", id_of(patient)},
        {"procedure",
         {{"id", id_of(procedure)},
          {"performed_at", "2026-03-02T10:00:00+03:00"},
          {"service_code", "A16.07.002"},
          {"service_name", "Пломба световая"},
          {"nomenclature", "A16.07.002"},
          {"quantity", "1"},
          {"teeth", {"36"}},
          {"payer", "patient"},
          {"state", "done"},
          {"patient", id_of(patient)},
          {"list_total", {{"minor", 450'000}, {"currency", "RUB"}}},
          {"total", {{"minor", 405'000}, {"currency", "RUB"}}}}},
    };
    event.identity = event.entity_id;
    event.subject = event.partition_key = "patient/" + id_of(patient);
    event.source = "mis";
    event.record_id = event.entity_id;
    event.time = *Timestamp::parse_rfc3339("2026-03-02T10:00:00+03:00");
    event.ground = "export all: invented data";
    return event;
}

}  // namespace

int main(int argc, char** argv) {
    std::string folder, bodies;
    std::int64_t count = 100'000, keys = 30'000;
    CLI::App app{"Fills an outbox."};
    app.add_option("--store", folder)->required();
    app.add_option("--bodies", bodies, "file of rendered events");
    app.add_option("--events", count);
    app.add_option("--keys", keys);
    CLI11_PARSE(app, argc, argv);

    const auto store =
        gateway::ClinicStore::open(folder, "bench-clinic", gateway::ClinicStore::Opening::create);
    outbox::Outbox outbox(store->identity(), store->meta().epoch);
    disclosure::Gate gate;
    {
        sqlite::Transaction transaction(store->database());
        outbox::Delivery::register_sink(transaction, "exchange");
        transaction.commit();
    }
    const SystemClock clock;
    constexpr std::int64_t kPerCommit = 5'000;
    for (std::int64_t done = 0; done < count; done += kPerCommit) {
        sqlite::Transaction transaction(store->database());
        outbox::Outbox::Appender appender(outbox, transaction);
        for (std::int64_t i = done; i < std::min(done + kPerCommit, count); ++i) {
            std::vector<disclosure::DisclosedEvent> events;
            gate.disclose(performed(i * 7919 % keys, i), {}, events);
            appender.append(events, {clock.unix_us()});
        }
        appender.finish();
        transaction.commit();
    }
    if (bodies.empty()) return 0;
    std::ofstream out(bodies);
    for (std::int64_t after = 0;;) {
        const auto events = outbox::read_events(store->database(), after, 10'000, 100'000'000);
        if (events.empty()) break;
        for (const auto& event : events)
            out << outbox::render_cloudevent(event, "bench-clinic") << '\n';
        after = events.back().position;
    }
}
