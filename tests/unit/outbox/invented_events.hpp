// Invented events, and a store file that can be closed and opened again, as a crash does.
#pragma once

#include <unistd.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "disclosure/audit.hpp"
#include "disclosure/gate.hpp"
#include "outbox/delivery.hpp"
#include "outbox/outbox.hpp"
#include "outbox/store_meta.hpp"
#include "sqlite/migration.hpp"

namespace mis::outbox::testing {

inline std::string pseudonym(int number) {
    std::string digits = std::to_string(number);
    return std::string(32 - digits.size(), '0') + digits;
}

// Procedure `procedure` of patient `patient` with a sum that is its content.
inline domain::Event performed(int patient, int procedure, std::int64_t total) {
    domain::Event event;
    event.type = "procedure.performed";
    event.entity_id = pseudonym(procedure);
    event.data = Json{
        {"patient", pseudonym(patient)},
        {"procedure",
         {{"id", pseudonym(procedure)},
          {"performed_at", "2026-03-02T10:00:00+03:00"},
          {"total", {{"minor", total}, {"currency", "RUB"}}}}},
    };
    event.identity = event.data.text();
    event.subject = event.partition_key = "patient/" + pseudonym(patient);
    event.source = "demo";
    event.record_id = event.entity_id;
    event.time = *Timestamp::parse_rfc3339("2026-03-02T10:00:00+03:00");
    event.ground = "export all: invented data";
    return event;
}

inline std::vector<disclosure::DisclosedEvent> disclosed(const std::vector<domain::Event>& events) {
    disclosure::Gate gate;
    std::vector<disclosure::DisclosedEvent> out;
    for (const auto& event : events) gate.disclose(event, {}, out);
    return out;
}

class StoreFile {  // removed when the test ends
  public:
    StoreFile() {
        // the tests end no process, so memory is disk enough, and spares thousands of fsyncs
        const std::filesystem::path memory = "/dev/shm";
        std::string name =
            ((std::filesystem::exists(memory) ? memory : std::filesystem::temp_directory_path()) /
             "mis-outbox-XXXXXX")
                .string();
        folder_ = ::mkdtemp(name.data());
        reopen();
    }
    ~StoreFile() {
        drop();
        std::filesystem::remove_all(folder_);
    }
    StoreFile(const StoreFile&) = delete;
    StoreFile& operator=(const StoreFile&) = delete;

    void drop() {
        outbox.reset();
        reader.reset();
        writer.reset();
    }
    void reopen(std::uint32_t epoch = 1) {
        drop();
        writer.emplace(sqlite::Database::open(folder_ / "store.sqlite"));
        sqlite::create_tables(*writer);
        reader.emplace(sqlite::Database::open(folder_ / "store.sqlite", sqlite::Access::read_only));
        outbox.emplace(identity, epoch);
    }

    // One change set in one transaction.
    AppendReport append(const std::vector<domain::Event>& events, std::int64_t at_us = 1'000'000) {
        sqlite::Transaction transaction(*writer);
        Outbox::Appender appender(*outbox, transaction);
        const auto report = appender.append(disclosed(events), {at_us});
        appender.finish();
        transaction.commit();
        return report;
    }
    void register_sink(const std::string& sink) {
        sqlite::Transaction transaction(*writer);
        Delivery::register_sink(transaction, sink);
        transaction.commit();
    }
    void record(Delivery& delivery) {
        sqlite::Transaction transaction(*writer);
        delivery.record(transaction);
        transaction.commit();
        delivery.recorded();
    }

    Identity identity{"clinic-1", "a fixed key for tests"};
    std::optional<sqlite::Database> writer, reader;
    std::optional<Outbox> outbox;

  private:
    std::filesystem::path folder_;
};

}  // namespace mis::outbox::testing
