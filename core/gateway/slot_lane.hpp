// SlotLane: one sink of free times with what it runs on: its own read connection, its connections
// to the aggregator, its thread. It takes nothing from the outbox, so nothing waits for it.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "base/clock.hpp"
#include "gateway/keeping/clinic_store.hpp"
#include "gateway/pipeline/slot_reader.hpp"
#include "gateway/slot_trust.hpp"
#include "sink/slots/slots_sink.hpp"

namespace mis::gateway {

struct SlotSetup {
    explicit SlotSetup(const Zone& zone) : clinic_zone(zone) {}
    std::string name;
    sink::SlotsOptions options = {};
    disclosure::SlotTable table = {};  // its sources by the names that the store knows them by
    int days = 30, cell_minutes = 30;
    std::chrono::minutes age_max{30};
    Zone clinic_zone;
    std::map<std::string, Zone> branch_zones = {};
    std::set<std::string> sources() const;  // of confirmed rows
    disclosure::SlotTerms terms(std::int64_t now_us, domain::ZoneOfBranch zones) const;
};

class SlotLane final : private sink::SlotSnapshots {
  public:
    // sources: what is known of these, one each; called with the store's mutex held.
    using Sources = std::function<std::vector<SlotSource>(const std::set<std::string>&)>;
    SlotLane(ClinicStore& store, SlotSetup setup, const Clock& clock, Sources sources);
    ~SlotLane() override = default;

    void start();
    void wind_down() { thread_.reset(); }
    void restart_if_failed();  // as DeliveryLane's
    sink::SinkStatus status() const { return sink_->status(); }
    sink::SlotsFigures figures() const { return sink_->figures(); }
    const SlotSetup& setup() const { return setup_; }

  private:
    tl::expected<sink::SlotSnapshot, sink::NoSnapshot> take() override;
    void record(const std::string& subject, const std::string& digest) override;

    ClinicStore& store_;
    const SlotSetup setup_;
    const Clock& clock_;
    Sources sources_;
    sqlite::Database reader_;
    SlotReader slots_;
    net::HttpClient client_;
    std::unique_ptr<sink::SlotsSink> sink_;
    std::unique_ptr<sink::SinkThread> thread_;
};

}  // namespace mis::gateway
